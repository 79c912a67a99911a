/** A call costs something, however short its method is, ms. */
const LEAST_MS = 0.02;
/** A method that waits this long or longer mostly waits: it is no more work for that. */
const MOST_MS = 100;
/** How far the estimate follows a quicker call, and a slower one. */
const DOWN = 0.25;
const UP = 0.02;

/**
 * How long a method takes when nothing holds it up, from the calls that are timed. What a call waits for its turn in a busy
 * replica is no work of its own: counted, it would make busy replicas look busier than they are.
 */
export class UnhurriedTime {
  #ms: number | undefined;

  /** {@link LEAST_MS} until a call was timed. */
  get ms(): number {
    return this.#ms ?? LEAST_MS;
  }

  took(durationMs: number): void {
    const ms = Math.min(Math.max(durationMs, LEAST_MS), MOST_MS);
    this.#ms ??= ms;
    this.#ms += (ms - this.#ms) * (ms < this.#ms ? DOWN : UP);
  }
}
