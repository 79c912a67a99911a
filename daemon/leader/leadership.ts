import { EPOCHS_PER_INCARNATION, type Epoch, epochOf } from './epoch.js';

/** One term of this daemon as the leader. */
export interface Leadership {
  readonly incarnation: number;
  /**
   * Names this process, as no other is named. A store that loses acknowledged writes can give one incarnation to two
   * leaders: hosts follow the first that they hear of.
   */
  readonly leader: string;
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
  readonly leader: string;
  readonly #holds: () => boolean;
  readonly #exhausted: () => void;
  #counter = 0;
  #ended = false;

  /** `exhausted` is called when there are no more epochs in the incarnation. */
  constructor(incarnation: number, leader: string, holds: () => boolean, exhausted: () => void) {
    this.incarnation = incarnation;
    this.leader = leader;
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
