import { lowerBound } from './placement.js';

const SPACE = 2 ** 32;

/** How much of the calls each key has, together 1, summed up along the hash space. */
export class KeyShares {
  readonly #hashes: Uint32Array;
  /** Of all keys before that one. */
  readonly #sums: Float64Array;

  /** `hashes` rise; `shares` go by the same index. */
  constructor(hashes: Uint32Array, shares: Float64Array) {
    this.#hashes = hashes;
    this.#sums = new Float64Array(hashes.length + 1);
    for (const [index, share] of shares.entries()) this.#sums[index + 1] = (this.#sums[index] ?? 0) + share;
  }

  /** The share of the keys in [start, end). */
  within(start: number, end: number): number {
    return this.#before(end) - this.#before(start);
  }

  #before(hash: number): number {
    const index = hash >= SPACE ? this.#hashes.length : lowerBound(this.#hashes, hash);
    return this.#sums[index] ?? 0;
  }
}
