import type { SliceAssignment } from '../protocol/control.js';

/** The index in `assignment.owners`' replicas that owns the hash; undefined for an empty or malformed assignment. */
export function ownerOf(assignment: SliceAssignment, hash: number): number | undefined {
  const { starts, owners } = assignment;
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((starts[middle] ?? 0) <= hash) low = middle;
    else high = middle - 1;
  }
  return owners[low];
}
