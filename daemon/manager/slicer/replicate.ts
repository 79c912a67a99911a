import { isOfOneKey, loadByReplica, ownedBy, ownersOf, partOf, type Slice } from './slices.js';

export interface ReplicationLimits {
  /** Owners of a slice at most. */
  readonly most: number;
  /** Of the load: the mean of the replicas. */
  readonly fair: number;
  /** A slice of which each owner has more than so much gets owners until none has more than `fair`. */
  readonly above: number;
  /** One of which each would have less than so much without one of its owners loses that one. */
  readonly below: number;
}

/**
 * Gives hot keys further owners, those with the least load, and takes from those that have cooled the owner with the most.
 * What splitting can even out gets none. Returns `slices` itself when nothing changes.
 */
export function replicated(
  slices: readonly Slice[],
  replicas: readonly string[],
  limits: ReplicationLimits,
): readonly Slice[] {
  const loads = loadByReplica(slices, replicas);
  let hasChanged = false;
  const next = [...slices];
  const hottestFirst = [...slices.entries()]
    .filter(([, slice]) => slice.others.length > 0 || slice.load > limits.above)
    .sort(([a, one], [b, other]) => other.load - one.load || a - b);
  for (const [index, slice] of hottestFirst) {
    const before = ownersOf(slice);
    const count = wanted(slice, Math.min(limits.most, replicas.length), limits);
    if (count === before.length) continue;
    const byLoad = (a: string, b: string) => (loads.get(a) ?? 0) - (loads.get(b) ?? 0) || (a < b ? -1 : 1);
    const owners =
      count < before.length
        ? before.filter((owner) => new Set([...before].sort(byLoad).slice(0, count)).has(owner))
        : [...before, ...replicas.filter((each) => !before.includes(each)).sort(byLoad)].slice(0, count);
    const changed = ownedBy(slice, owners);
    for (const owner of before) loads.set(owner, (loads.get(owner) ?? 0) - partOf(slice));
    for (const owner of owners) loads.set(owner, (loads.get(owner) ?? 0) + partOf(changed));
    next[index] = changed;
    hasChanged = true;
  }
  return hasChanged ? next : slices;
}

/** How many owners. Between the two limits as many as it has, so that a load that wavers changes nothing. */
function wanted(slice: Slice, most: number, { fair, above, below }: ReplicationLimits): number {
  const count = 1 + slice.others.length;
  if (!isOfOneKey(slice) || count > most) return isOfOneKey(slice) ? most : 1;
  if (partOf(slice) > above) return Math.max(count, Math.min(most, Math.ceil(slice.load / fair)));
  let fewer = count;
  while (fewer > 1 && slice.load < below * (fewer - 1)) fewer--;
  return fewer;
}
