import type { ReplicaKeyLoad } from './measured-slices.js';
import { ownersOf, type Slice } from './slices.js';

/**
 * A replica that died reports no more. Its slices count as the mean of what those that are left report, each as much of it as
 * any other, since that is how slices are balanced: with no load they would all go to one replica.
 */
export function withUnreported(
  slices: readonly Slice[],
  reports: readonly ReplicaKeyLoad[],
  replicas: readonly string[],
): readonly Slice[] {
  const known = new Set([...replicas, ...reports.map(({ replica }) => replica)]);
  const lost = slices.filter((slice) => !ownersOf(slice).some((owner) => known.has(owner)));
  if (lost.length === 0) return slices;
  const present = new Set(replicas);
  const loads = reports
    .filter(({ replica }) => present.has(replica))
    .map(({ keys }) => [...keys.loads, ...keys.hotKeys.map(({ load }) => load)].reduce(sum, 0));
  const mean = loads.length === 0 ? 0 : loads.reduce(sum, 0) / loads.length;
  const counts = new Map<string, number>();
  for (const { owner } of lost) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return slices.map((slice) => {
    const { owner, start, end, load, pieces } = slice;
    const missing = mean / (counts.get(owner) ?? Number.POSITIVE_INFINITY) - load;
    return missing <= 0
      ? slice
      : { ...slice, load: load + missing, pieces: [{ start, end, load: missing }, ...pieces] };
  });
}

function sum(total: number, load: number): number {
  return total + load;
}
