import type { Clock } from './clock.js';
import type { EventLoop } from './event-loop.js';

/** Turns are watched for so long after the last request to. */
const WATCHED_MS = 2_000;
/** And for so many turns, which may be long ones. */
const WATCHED_TURNS = 3;

/**
 * How long what is read now can have waited for this process, at the most: not since before the event loop had nothing to do,
 * nor since before the turn that precedes this one, which would have read it. Turns are counted only on request, since to count one costs
 * about as much as a call.
 */
export class LoopWatch {
  /** A turn is over that was watched. `rested`: in its course the loop had nothing to do. */
  onTurn: (lastedMs: number, rested: boolean, now: number) => void = () => {};
  readonly #loop: EventLoop;
  readonly #clock: Clock;
  #idleMs: number;
  #emptyAt: number;
  #turnEndedAt = Number.NEGATIVE_INFINITY;
  #turnBeforeEndedAt = Number.NEGATIVE_INFINITY;
  #turnBeganAt = Number.POSITIVE_INFINITY;
  #turns = 0;
  #watching = false;
  #watchedUntil = 0;
  #watchedTurns = 0;

  constructor(loop: EventLoop, clock: Clock) {
    this.#loop = loop;
    this.#clock = clock;
    this.#idleMs = loop.idleMs();
    this.#emptyAt = clock.now();
  }

  /** Goes on counting turns for a while. */
  watch(now: number): void {
    this.#watchedUntil = now + WATCHED_MS;
    this.#watchedTurns = this.#turns + WATCHED_TURNS;
    if (this.#watching) return;
    this.#watching = true;
    this.#turnEndedAt = Number.NEGATIVE_INFINITY;
    this.#turnBeganAt = now;
    this.#loop.afterReads(this.#onTurn);
  }

  get watching(): boolean {
    return this.#watching;
  }

  /** Turns counted so far. */
  get turns(): number {
    return this.#turns;
  }

  /** When the loop was last seen to have had nothing to do, by the clock: to be looked at in the course of a read. */
  emptyAt(now: number): number {
    const idleMs = this.#loop.idleMs();
    if (idleMs > this.#idleMs) {
      this.#idleMs = idleMs;
      this.#emptyAt = now;
    }
    return this.#emptyAt;
  }

  /** Time for which it had nothing to do, as of the last {@link emptyAt}, ms. */
  get idleMs(): number {
    return this.#idleMs;
  }

  /** When this turn began, or when it began to be watched; Infinity while it is not. */
  get turnBeganAt(): number {
    return this.#turnBeganAt;
  }

  /** Nothing that is read in this turn came before, for all that is known of turns. */
  get notBefore(): number {
    return this.#turnBeforeEndedAt;
  }

  readonly #onTurn = (): void => {
    const now = this.#clock.now();
    const beganAt = this.#turnBeganAt;
    this.#turns++;
    this.#turnBeforeEndedAt = this.#turnEndedAt;
    this.#turnEndedAt = now;
    this.#turnBeganAt = now;
    this.#watching = now < this.#watchedUntil || this.#turns < this.#watchedTurns;
    if (this.#watching) this.#loop.afterReads(this.#onTurn);
    else this.#turnBeganAt = Number.POSITIVE_INFINITY;
    this.onTurn(now - beganAt, this.emptyAt(now) > beganAt, now);
  };
}
