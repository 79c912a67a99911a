/** Share of the traces that begin in a process and are recorded; one that came from outside keeps its own decision. */
const SAMPLED_SHARE = 0.01;
/** At the most so many of them a second: at many thousand calls a second a share alone would cost more than it tells. */
const MAX_SAMPLED_PER_SECOND = 100;
const SECOND_MS = 1_000;

/** Decides which traces are recorded. Nearly every decision costs one random number. */
export class TraceSampler {
  readonly #random: () => number;
  readonly #now: () => number;
  #secondBegan = Number.NEGATIVE_INFINITY;
  #sampled = 0;

  /**
   * @param random from 0 to below 1
   * @param now milliseconds, monotonic
   */
  constructor(random: () => number, now: () => number) {
    this.#random = random;
    this.#now = now;
  }

  sample(): boolean {
    if (this.#random() >= SAMPLED_SHARE) return false;
    const now = this.#now();
    if (now - this.#secondBegan >= SECOND_MS) {
      this.#secondBegan = now;
      this.#sampled = 0;
    }
    return this.#sampled++ < MAX_SAMPLED_PER_SECOND;
  }
}
