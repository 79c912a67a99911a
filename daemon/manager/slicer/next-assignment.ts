import { type Assignment, assign, UNITS } from '../assignment.js';
import { type Balancing, MAX_SLICES } from './balancing.js';
import { measuredSlices, type ReplicaKeyLoad } from './measured-slices.js';
import { adopted, fairShare, moved } from './moves.js';
import { replicated } from './replicate.js';
import {
  isOfOneKey,
  loadByReplica,
  ownersOf,
  partOf,
  type Slice,
  SPACE,
  toAssignment,
  totalLoad,
} from './slices.js';
import { merge, split } from './split-merge.js';
import { withUnreported } from './unreported.js';

/** Moves go on until nobody is above the fair share by more than that share of it. */
const TARGET = 0.02;
/** Loads are in milliseconds of served time a second. */
const PER_CORE = 1000;
const UNIT = SPACE / UNITS;

/**
 * One step of the balancing by load: weighted-move sharding (Slicer, OSDI 2016, section 4.4). Slices of replicas that are
 * no more go to others; cold neighbours merge; and when the load of a replica is too far from the mean, hot slices are
 * split, keys that are too hot for one replica get further owners, and slices move from the busy to the idle. Splits come
 * before the moves here, so that the same step makes use of them; only slices of one key are replicated, since others can
 * be split. Without load worth moving for, shares of the space count in place of it: members that stay keep what they have
 * but for what those who come need. Returns `previous` itself when nothing is to change.
 */
export function nextAssignment(
  previous: Assignment | undefined,
  replicas: readonly string[],
  reports: readonly ReplicaKeyLoad[],
  balancing: Balancing,
): Assignment {
  if (previous === undefined || previous.starts.length === 0 || replicas.length === 0)
    return assign(previous, replicas);
  const names = [...new Set(replicas)].sort();
  const measured = adopted(withUnreported(measuredSlices(previous, reports), reports, names), names);
  const least = Math.min(balancing.minSlices * names.length, MAX_SLICES >> 1);
  const most = Math.min(balancing.maxSlices * names.length, MAX_SLICES);
  const busiest = Math.max(...loadByReplica(measured, names).values());
  if (busiest < balancing.minLoad * PER_CORE)
    return unloaded(reports.length === 0 ? previous : withOneOwner(previous), names, least, most);

  const fair = fairShare(measured, names);
  const limit = fair * (1 + balancing.tolerance);
  const merged =
    measured.length > least
      ? merge(measured, names, { least, churn: balancing.mergeChurn, limit })
      : measured;
  const mean = totalLoad(measured) / names.length;
  const limits = {
    most: balancing.maxOwners,
    fair: mean,
    above: mean * (1 + balancing.tolerance),
    below: mean * balancing.cooled,
  };
  const isSettled =
    replicated(merged, names, limits) === merged && !isImbalanced(merged, names, fair, balancing.tolerance);
  if (isSettled) return changed(previous, merged);
  const parts = replicated(split(merged, least, most), names, limits);
  // A hot key that stands alone now counts for itself.
  const share = fairShare(parts, names);
  const above = share * (1 + TARGET);
  const tolerable = share * (1 + balancing.tolerance);
  return changed(previous, moved(parts, names, { churn: balancing.churn, above, tolerable }));
}

/** Of those that are busier than their largest single key makes them, or idler. */
function isImbalanced(
  slices: readonly Slice[],
  replicas: readonly string[],
  fair: number,
  tolerance: number,
): boolean {
  const loads = loadByReplica(slices, replicas);
  const avoidable = new Map(loads);
  // What such a key has beside it should be little.
  for (const slice of slices) {
    const part = partOf(slice);
    if (!isOfOneKey(slice) || part <= fair) continue;
    for (const owner of ownersOf(slice)) avoidable.set(owner, (loads.get(owner) ?? 0) - part + fair);
  }
  const [lowest, highest] = [Math.min(...loads.values()), Math.max(...avoidable.values())];
  return highest > fair * (1 + tolerance) || lowest < fair * (1 - tolerance);
}

/** Nothing is hot any more. */
function withOneOwner(previous: Assignment): Assignment {
  return previous.others === undefined ? previous : { starts: previous.starts, owners: previous.owners };
}

/** By shares of the space. */
function unloaded(
  previous: Assignment,
  replicas: readonly string[],
  least: number,
  most: number,
): Assignment {
  const owners = new Set([...previous.owners, ...(previous.others ?? []).flat()]);
  const joiners = new Set(replicas.filter((replica) => !owners.has(replica)));
  const present = new Set(replicas);
  if (joiners.size === 0 && [...owners].every((owner) => present.has(owner))) return previous;
  if (isEqualShares(previous)) return assign(previous, replicas);
  const slices = adopted(byLength(previous), replicas);
  if (joiners.size === 0) return changed(previous, slices);
  const fair = totalLoad(slices) / replicas.length;
  return changed(
    previous,
    moved(split(slices, least, most), replicas, { churn: 1, above: fair, takers: joiners }),
  );
}

/** As `assign` makes them, and no balancing by load. */
function isEqualShares({ starts, owners }: Assignment): boolean {
  return (
    starts.every((start) => start % UNIT === 0) &&
    owners.every((owner, index) => index === 0 || owner !== owners[index - 1])
  );
}

function byLength({ starts, owners, others }: Assignment): readonly Slice[] {
  return starts.map((start, index) => {
    const end = starts[index + 1] ?? SPACE;
    const load = end - start;
    return {
      start,
      end,
      owner: owners[index] ?? '',
      others: others?.[index] ?? [],
      load,
      pieces: [{ start, end, load }],
    };
  });
}

function changed(previous: Assignment, slices: readonly Slice[]): Assignment {
  const next = toAssignment(slices);
  const isSame =
    next.starts.length === previous.starts.length &&
    next.starts.every((start, index) => start === previous.starts[index]) &&
    slices.every(
      ({ owner, others }, index) =>
        owner === previous.owners[index] && isSameList(others, previous.others?.[index] ?? []),
    );
  return isSame ? previous : next;
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}
