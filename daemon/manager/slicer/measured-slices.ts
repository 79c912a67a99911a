import type { KeyLoad } from '../../../sdk/protocol/control.js';
import type { Assignment } from '../assignment.js';
import { loadOf, type Piece, type Slice, SPACE } from './slices.js';

/** What one replica reports of a component. */
export interface ReplicaKeyLoad {
  readonly replica: string;
  readonly keys: KeyLoad;
}

/**
 * The slices with their load, by what all replicas report. Load is told by place in the hash space and not by slice, so
 * that a slice which was split or moved since has its load at once. What a replica tells of a bucket is spread over the
 * slices there that it owns; when it owns none any more, over all of them.
 */
export function measuredSlices(
  { starts, owners, others }: Assignment,
  reports: readonly ReplicaKeyLoad[],
): readonly Slice[] {
  const pieces = starts.map((): Piece[] => []);
  const endOf = (index: number) => starts[index + 1] ?? SPACE;
  for (const { replica, keys } of reports) {
    const width = SPACE / 2 ** keys.bits;
    for (const [at, bucket] of keys.buckets.entries()) {
      const [from, to] = [bucket * width, (bucket + 1) * width];
      const touched: { readonly index: number; readonly start: number; readonly end: number }[] = [];
      for (let index = indexAt(starts, from); index < starts.length; index++) {
        const start = starts[index] ?? 0;
        if (start >= to) break;
        touched.push({ index, start: Math.max(start, from), end: Math.min(endOf(index), to) });
      }
      const own = touched.filter(
        ({ index }) => owners[index] === replica || others?.[index]?.includes(replica) === true,
      );
      const chosen = own.length > 0 ? own : touched;
      const length = chosen.reduce((sum, { start, end }) => sum + end - start, 0);
      for (const { index, start, end } of chosen)
        pieces[index]?.push({ start, end, load: ((keys.loads[at] ?? 0) * (end - start)) / length });
    }
  }
  for (const [hash, load] of hotKeys(reports))
    pieces[indexAt(starts, hash)]?.push({ start: hash, end: hash + 1, load });
  return pieces.map((given, index) => {
    const sorted = given.sort((a, b) => a.start - b.start || a.end - b.end);
    return {
      start: starts[index] ?? 0,
      end: endOf(index),
      owner: owners[index] ?? '',
      others: others?.[index] ?? [],
      load: loadOf(sorted),
      pieces: sorted,
    };
  });
}

/** Of all replicas together: a key that has moved is told of by two for a while. */
function hotKeys(reports: readonly ReplicaKeyLoad[]): ReadonlyMap<number, number> {
  const loads = new Map<number, number>();
  for (const { keys } of reports)
    for (const { hash, load } of keys.hotKeys) loads.set(hash, (loads.get(hash) ?? 0) + load);
  return loads;
}

/** Of the last slice that begins at or below the hash. */
export function indexAt(starts: readonly number[], hash: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((starts[middle] ?? 0) <= hash) low = middle;
    else high = middle - 1;
  }
  return low;
}
