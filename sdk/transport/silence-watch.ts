import type { Clock } from './clock.js';

/** What a caller knows when it looks whether a callee that owes it answers is there; times in ms of one clock. */
export interface SilenceState {
  /** When bytes last came. */
  readonly heardAt: number;
  /** When it was asked for a sign of life, and nothing has come since; undefined: it was heard since. */
  readonly askedAt: number | undefined;
  /** When the caller meant to look. */
  readonly dueAt: number;
  readonly owesAnswer: boolean;
}

export type SilenceDecision = 'ask' | 'silent' | 'wait' | 'rest';

/** The caller looks so many times in `silentAfterMs`. */
const LOOKS = 3;

/** One that was asked and says nothing for `silentAfterMs` is silent; a caller that stood still itself asks anew. */
export function decideSilence(
  { heardAt, askedAt, dueAt, owesAnswer }: SilenceState,
  now: number,
  silentAfterMs: number,
): SilenceDecision {
  const lookMs = silentAfterMs / LOOKS;
  if (askedAt === undefined) {
    if (!owesAnswer) return 'rest';
    return now - heardAt >= lookMs ? 'ask' : 'wait';
  }
  if (now - dueAt > lookMs) return 'ask';
  return now - askedAt >= silentAfterMs ? 'silent' : 'wait';
}

export interface SilenceWatchOptions {
  readonly clock: Clock;
  readonly silentAfterMs: number;
  readonly heardAt: () => number;
  readonly owesAnswer: () => boolean;
  readonly ask: () => void;
  /** Again at each look, as long as it is silent. */
  readonly onSilent: () => void;
}

/**
 * Tells soon whether a callee is out of reach (a cut link, a process that stands still), long before the connection is
 * given up for lost. Costs nothing while no call is in flight, and a comparison a call.
 */
export class SilenceWatch {
  isSilent = false;
  readonly #options: SilenceWatchOptions;
  #askedAt: number | undefined;
  #heardWhenAsked = 0;
  #dueAt = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
  }

  /** A call was sent. */
  arm(): void {
    if (this.#cancelTimer === undefined) this.#lookAgain();
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #lookAgain(): void {
    const { clock, silentAfterMs } = this.#options;
    const delay = Math.ceil(silentAfterMs / LOOKS);
    this.#dueAt = clock.now() + delay;
    this.#cancelTimer = clock.schedule(delay, () => this.#look());
  }

  #look(): void {
    const { clock, silentAfterMs, ask, onSilent, owesAnswer } = this.#options;
    const now = clock.now();
    const heardAt = this.#options.heardAt();
    if (this.#askedAt !== undefined && heardAt !== this.#heardWhenAsked) {
      this.#askedAt = undefined;
      this.isSilent = false;
    }
    const state = { heardAt, askedAt: this.#askedAt, dueAt: this.#dueAt, owesAnswer: owesAnswer() };
    switch (decideSilence(state, now, silentAfterMs)) {
      case 'rest':
        this.#cancelTimer = undefined;
        return;
      case 'ask':
        this.#askedAt = now;
        this.#heardWhenAsked = heardAt;
        ask();
        break;
      case 'silent':
        this.isSilent = true;
        onSilent();
        break;
      case 'wait':
        break;
    }
    this.#lookAgain();
  }
}
