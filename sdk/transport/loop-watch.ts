import type { Clock } from './clock.js';
import type { EventLoop } from './event-loop.js';

/** Turns are watched for so long after the last request to. */
const WATCHED_MS = 2_000;
/** And for so many turns, which may be long ones. */
const WATCHED_TURNS = 3;

/**
 * How long what is read now can have waited for this process, at the most: not since before the event loop had nothing to do,
 * nor since before the turn that precedes this one, which would have read it. Turns are seen only on request, since to see one costs
 * about as much as a call.
 */
export class LoopWatch {
  readonly #loop: EventLoop;
  readonly #clock: Clock;
  #idleMs: number;
  #emptyAt: number;
  #turnEndedAt = Number.NEGATIVE_INFINITY;
  #turnBeforeEndedAt = Number.NEGATIVE_INFINITY;
  #watching = false;
  #watchedUntil = 0;
  #turnsLeft = 0;

  constructor(loop: EventLoop, clock: Clock) {
    this.#loop = loop;
    this.#clock = clock;
    this.#idleMs = loop.idleMs();
    this.#emptyAt = clock.now();
  }

  /** Goes on watching turns for a while. */
  watch(now: number): void {
    this.#watchedUntil = now + WATCHED_MS;
    this.#turnsLeft = WATCHED_TURNS;
    if (this.#watching) return;
    this.#watching = true;
    this.#turnEndedAt = Number.NEGATIVE_INFINITY;
    this.#loop.afterReads(this.#onTurn);
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

  /** Nothing that is read in this turn came before, for all that is known of turns. */
  get notBefore(): number {
    return this.#turnBeforeEndedAt;
  }

  readonly #onTurn = (): void => {
    const now = this.#clock.now();
    this.#turnBeforeEndedAt = this.#turnEndedAt;
    this.#turnEndedAt = now;
    this.#watching = now < this.#watchedUntil || --this.#turnsLeft > 0;
    if (this.#watching) this.#loop.afterReads(this.#onTurn);
  };
}
