import { hashKey } from '../../sdk/protocol/key-hash.js';
import { KeyShares } from './key-shares.js';
import { lowerBound } from './placement.js';
import { Zipf } from './zipf.js';

/** What is called. */
export interface Traffic {
  /** The hash of the next call's key. */
  draw(random: () => number): number;
  readonly keys: KeyShares;
}

/** Zipf's exponent in YCSB. */
const EXPONENT = 0.99;
const SPACE = 2 ** 32;
/** The hot spot: so much of the calls go to so much of the space. */
const SPOT_CALLS = 0.25;
const SPOT_SHARE = 1 / 64;

export class TrafficMaker {
  readonly #zipf: Zipf;
  /** Rising: hashes, and the number of the key that each is of. */
  readonly #hashes: Uint32Array;
  readonly #numbers: Uint32Array;

  constructor(private readonly keys: number) {
    this.#zipf = new Zipf(keys, EXPONENT);
    const sorted = Float64Array.from(
      { length: keys },
      (_, number) => hashKey(`user-${number}`) * keys + number,
    ).sort();
    this.#hashes = Uint32Array.from(sorted, (each) => Math.floor(each / keys));
    this.#numbers = Uint32Array.from(sorted, (each) => each % keys);
  }

  /** Zipf: the key of rank r is number (r + shift) of all, so that with another shift others are the hot ones. */
  zipf(shift = 0): Traffic {
    const { keys } = this;
    const byRank = new Uint32Array(keys);
    const shares = new Float64Array(keys);
    for (const [index, number] of this.#numbers.entries()) {
      const rank = (number - (shift % keys) + keys) % keys;
      byRank[rank] = this.#hashes[index] ?? 0;
      shares[index] = this.#zipf.shareOf(rank);
    }
    return {
      keys: new KeyShares(this.#hashes, shares),
      draw: (random) => byRank[this.#zipf.rankAt(random())] ?? 0,
    };
  }

  /** All keys alike but those in a small part of the space, which have a quarter of the calls. It begins at `at`, in [0, 1). */
  hotSpot(at: number): Traffic {
    const start = Math.min(at, 1 - SPOT_SHARE) * SPACE;
    const from = lowerBound(this.#hashes, start);
    const to = lowerBound(this.#hashes, start + SPOT_SHARE * SPACE);
    const [hot, cold] = [to - from, this.keys - (to - from)];
    const shares = new Float64Array(this.keys).fill((1 - SPOT_CALLS) / cold).fill(SPOT_CALLS / hot, from, to);
    return {
      keys: new KeyShares(this.#hashes, shares),
      draw: (random) => {
        if (random() < SPOT_CALLS) return this.#hashes[from + Math.floor(random() * hot)] ?? 0;
        const index = Math.floor(random() * cold);
        return this.#hashes[index < from ? index : index + hot] ?? 0;
      },
    };
  }
}
