import { EPOCHS_PER_INCARNATION, type Epoch, epochOf } from './epoch.js';

/** One term of this daemon as the leader. */
export interface Leadership {
  readonly incarnation: number;
  /** To be asked before anything is sent. Once false, it stays false. */
  isValid(): boolean;
  /** Higher than all before. Throws a NotLeadingError when no longer valid. */
  nextEpoch(): Epoch;
  /** The newest that `nextEpoch` gave, or the incarnation's first. */
  newestEpoch(): Epoch;
}

/** What was to be decided is for another daemon to decide. */
export class NotLeadingError extends Error {
  override readonly name = 'NotLeadingError';
}

/** Valid as long as `holds` says so without a break. */
export class Term implements Leadership {
  readonly incarnation: number;
  readonly #holds: () => boolean;
  readonly #exhausted: () => void;
  #counter = 0;
  #ended = false;

  /** `exhausted` is called when there are no more epochs in the incarnation. */
  constructor(incarnation: number, holds: () => boolean, exhausted: () => void) {
    this.incarnation = incarnation;
    this.#holds = holds;
    this.#exhausted = exhausted;
  }

  isValid(): boolean {
    this.#ended ||= !this.#holds();
    return !this.#ended;
  }

  nextEpoch(): Epoch {
    if (this.isValid() && this.#counter + 1 >= EPOCHS_PER_INCARNATION) {
      this.end();
      this.#exhausted();
    }
    if (!this.isValid())
      throw new NotLeadingError(
        `this daemon no longer leads (incarnation ${this.incarnation}); the next leader decides`,
      );
    return epochOf(this.incarnation, ++this.#counter);
  }

  newestEpoch(): Epoch {
    return epochOf(this.incarnation, this.#counter);
  }

  end(): void {
    this.#ended = true;
  }
}
