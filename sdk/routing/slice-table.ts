import type { SliceAssignment } from '../protocol/control.js';

/** An assignment as calls look it up: flat arrays, searched without a branch that the processor could guess wrong. */
export class SliceTable {
  readonly #starts: Uint32Array;
  readonly #owners: Int32Array;
  /** A key has one owner at a time: nobody else can stand in. */
  readonly exclusive: boolean;

  constructor({ starts, owners, epochs }: SliceAssignment) {
    this.#starts = Uint32Array.from(starts);
    this.#owners = Int32Array.from(owners);
    this.exclusive = epochs !== undefined;
  }

  /**
   * The index among the routing's replicas of the one that owns the hash; NO_OWNER while it is handed over, undefined for an
   * empty or malformed assignment.
   */
  ownerOf(hash: number): number | undefined {
    const starts = this.#starts;
    let low = 0;
    let length = starts.length;
    while (length > 1) {
      const half = length >>> 1;
      low += (starts[low + half] ?? 0) <= hash ? half : 0;
      length -= half;
    }
    return this.#owners[low];
  }
}
