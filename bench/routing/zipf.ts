/** Keys by rank, each with its share of a Zipf distribution: as YCSB draws them with exponent 0.99. */
export class Zipf {
  /** Sums of the shares up to each rank. */
  readonly #cumulated: Float64Array;

  constructor(
    readonly keys: number,
    readonly exponent: number,
  ) {
    this.#cumulated = new Float64Array(keys);
    let sum = 0;
    for (let rank = 0; rank < keys; rank++) {
      sum += 1 / (rank + 1) ** exponent;
      this.#cumulated[rank] = sum;
    }
    for (let rank = 0; rank < keys; rank++) this.#cumulated[rank] = (this.#cumulated[rank] ?? 0) / sum;
  }

  shareOf(rank: number): number {
    return (this.#cumulated[rank] ?? 0) - (rank === 0 ? 0 : (this.#cumulated[rank - 1] ?? 0));
  }

  /** The rank for a number in [0, 1). */
  rankAt(random: number): number {
    let low = 0;
    let high = this.keys - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#cumulated[middle] ?? 1) > random) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Mulberry32: numbers in [0, 1) from a seed, so that every run is the same. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
