import type { Clock } from './clock.js';

/** Deadlines are met this late at the most (beside the event loop's own delay), and swept no more often. */
export const SWEEP_RESOLUTION_MS = 10;

/** Ends what is due at `now` and returns the earliest deadline left, or Infinity. */
export type Sweep = (now: number) => number;

/**
 * One timer for all deadlines of a connection. It is set for the earliest, and left alone by every later one, so a
 * call costs a comparison; calls that finish in time are found gone when the timer fires.
 */
export class DeadlineSweep {
  readonly #clock: Clock;
  readonly #sweep: Sweep;
  #dueAt = Number.POSITIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, sweep: Sweep) {
    this.#clock = clock;
    this.#sweep = sweep;
  }

  arm(deadlineAt: number): void {
    if (deadlineAt + SWEEP_RESOLUTION_MS < this.#dueAt) this.#setTimer(deadlineAt);
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  #setTimer(deadlineAt: number): void {
    this.#cancelTimer?.();
    const now = this.#clock.now();
    const delay = Math.max(deadlineAt - now, SWEEP_RESOLUTION_MS);
    this.#dueAt = now + delay;
    this.#cancelTimer = this.#clock.schedule(delay, () => this.#run());
  }

  #run(): void {
    this.stop();
    const next = this.#sweep(this.#clock.now());
    if (next < Number.POSITIVE_INFINITY) this.arm(next);
  }
}
