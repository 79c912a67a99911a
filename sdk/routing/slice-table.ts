import type { SliceAssignment } from '../protocol/control.js';

/** The hash space is in so many parts, by the highest bits; where to search for a hash is looked up by its part. */
const PART_BITS = 12;

/**
 * An assignment as calls look it up: flat arrays, searched within a part of the space, without a branch that the processor could
 * guess wrong.
 */
export class SliceTable {
  readonly #starts: Uint32Array;
  /** Of each part the slice that has its first hash; one more at the end. */
  readonly #parts: Uint32Array;
  readonly #owners: Int32Array;
  /** Of the slices that several replicas own: all of them, by the slice's index. */
  readonly shared: ReadonlyMap<number, readonly number[]>;
  /** A key has one owner at a time: nobody else can stand in. */
  readonly exclusive: boolean;

  constructor({ starts, owners, epochs, others = [] }: SliceAssignment) {
    this.#starts = Uint32Array.from(starts);
    this.#parts = partsOf(this.#starts);
    this.#owners = Int32Array.from(owners);
    this.exclusive = epochs !== undefined;
    this.shared = new Map(
      others.flatMap((further, slice): [number, readonly number[]][] => {
        const owner = owners[slice];
        return owner === undefined || further.length === 0 ? [] : [[slice, [owner, ...further]]];
      }),
    );
  }

  /** The index of the slice that has the hash. */
  sliceOf(hash: number): number {
    const starts = this.#starts;
    const part = hash >>> (32 - PART_BITS);
    let low = this.#parts[part] ?? 0;
    let length = (this.#parts[part + 1] ?? 0) - low + 1;
    while (length > 1) {
      const half = length >>> 1;
      low += (starts[low + half] ?? 0) <= hash ? half : 0;
      length -= half;
    }
    return low;
  }

  /**
   * The index among the routing's replicas of the slice's first owner; NO_OWNER while it is handed over, undefined for an empty
   * or malformed assignment.
   */
  ownerAt(slice: number): number | undefined {
    return this.#owners[slice];
  }
}

function partsOf(starts: Uint32Array): Uint32Array {
  const parts = new Uint32Array(2 ** PART_BITS + 1);
  let slice = 0;
  for (const part of parts.keys()) {
    while (slice + 1 < starts.length && (starts[slice + 1] ?? 0) <= part * 2 ** (32 - PART_BITS)) slice++;
    parts[part] = slice;
  }
  return parts;
}
