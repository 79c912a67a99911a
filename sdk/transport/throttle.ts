/** Calls are let through at this many times the rate at which they are accepted, so that an end of the overload is noticed. */
const ACCEPTS_FACTOR = 2;
/** So many refusals are taken before anything is held back. */
const GRACE = 16;
/** Counts are halved so often, ms. */
const HALVED_EVERY_MS = 1_000;

/**
 * Holds calls back from a callee that refuses most of them: the adaptive throttling of Google's Site Reliability Engineering (2016),
 * chapter 21, with K = 2. A call is rejected here with probability (requests - K * accepts) / (requests + 1), which costs neither side
 * a message. Lives from the first refusal until its connection has no call in flight. Its counts are those of the last seconds, not
 * of two minutes: the callee is one process and its answers are seen at once.
 */
export class Throttle {
  readonly #random: () => number;
  #requests = 0;
  #accepts = 0;
  #halvedAt: number;

  /** `random` is uniform in [0, 1); `now` in ms. */
  constructor(now: number, random: () => number = Math.random) {
    this.#random = random;
    this.#halvedAt = now;
  }

  /** A call is to be made: whether it should not be. Counts it either way. */
  rejects(now: number): boolean {
    this.#forget(now);
    const excess = this.#requests - ACCEPTS_FACTOR * (this.#accepts + GRACE);
    const rejected = excess > 0 && this.#random() < excess / (this.#requests + 1);
    this.#requests++;
    return rejected;
  }

  /** A call was answered, otherwise than by a refusal. */
  accepted(): void {
    this.#accepts++;
  }

  /** Calls of the last seconds that were refused, there or here, or are not answered yet. */
  get refused(): number {
    return Math.max(0, this.#requests - this.#accepts);
  }

  #forget(now: number): void {
    const halvings = Math.floor((now - this.#halvedAt) / HALVED_EVERY_MS);
    if (halvings <= 0) return;
    const factor = 0.5 ** halvings;
    this.#requests *= factor;
    this.#accepts *= factor;
    this.#halvedAt += halvings * HALVED_EVERY_MS;
  }
}
