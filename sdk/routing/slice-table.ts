import type { SliceAssignment } from '../protocol/control.js';

/** An assignment as calls look it up: flat arrays, searched without a branch that the processor could guess wrong. */
export class SliceTable {
  readonly #starts: Uint32Array;
  readonly #owners: Int32Array;
  /** Of the slices that several replicas own: all of them, by the slice's index. */
  readonly shared: ReadonlyMap<number, readonly number[]>;
  /** A key has one owner at a time: nobody else can stand in. */
  readonly exclusive: boolean;

  constructor({ starts, owners, epochs, others = [] }: SliceAssignment) {
    this.#starts = Uint32Array.from(starts);
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
    let low = 0;
    let length = starts.length;
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
