import { isOfOneKey, loadByReplica, ownedBy, ownersOf, partOf, type Slice, shareOf } from './slices.js';

/** Moves in one step, at most. */
const MAX_MOVES = 2000;
/** A move is worth its disturbance when it takes so much of a fair share off the busier one of the two. */
const MIN_BENEFIT = 0.002;
/** A slice with no more than so much of what a replica should have finds room nearly anywhere. */
const SMALL = 0.1;
/** Added to the share of the space that a move disturbs: what moving any slice costs. */
const MOVE_COST = 1e-4;

/**
 * What each replica should have: the mean, once those that have more in one slice than that, which cannot be helped, are
 * left out.
 */
export function fairShare(slices: readonly Slice[], replicas: readonly string[]): number {
  const largest = new Map(replicas.map((replica) => [replica, 0]));
  let total = 0;
  for (const slice of slices) {
    total += slice.load;
    if (!isOfOneKey(slice)) continue;
    for (const owner of ownersOf(slice)) largest.set(owner, Math.max(largest.get(owner) ?? 0, partOf(slice)));
  }
  const unavoidable = [...largest.values()].sort((a, b) => b - a);
  let count = replicas.length;
  for (const load of unavoidable) {
    if (count <= 1 || load <= total / count) break;
    total -= load;
    count--;
  }
  return total / count;
}

/** Slices of those who are no more stay with their other owners, or go whole to whoever has least, the hottest first. */
export function adopted(given: readonly Slice[], replicas: readonly string[]): readonly Slice[] {
  const present = new Set(replicas);
  const slices = given.map((slice) => {
    const staying = ownersOf(slice).filter((owner) => present.has(owner));
    return staying.length === 0 ? { ...slice, others: [] } : ownedBy(slice, staying);
  });
  const loads = loadByReplica(slices, replicas);
  const spaces = new Map(replicas.map((replica) => [replica, 0]));
  for (const slice of slices) {
    const space = spaces.get(slice.owner);
    if (space !== undefined) spaces.set(slice.owner, space + shareOf(slice));
  }
  const orphans = slices
    .filter(({ owner }) => !present.has(owner))
    .sort((a, b) => b.load - a.load || shareOf(b) - shareOf(a) || a.start - b.start);
  const homes = new Map<Slice, string>();
  for (const orphan of orphans) {
    let home: string | undefined;
    for (const replica of replicas) {
      const less =
        home === undefined
          ? -1
          : (loads.get(replica) ?? 0) - (loads.get(home) ?? 0) ||
            (spaces.get(replica) ?? 0) - (spaces.get(home) ?? 0);
      if (less < 0) home = replica;
    }
    if (home === undefined) break;
    homes.set(orphan, home);
    loads.set(home, (loads.get(home) ?? 0) + orphan.load);
    spaces.set(home, (spaces.get(home) ?? 0) + shareOf(orphan));
  }
  return slices.map((slice) => ({ ...slice, owner: homes.get(slice) ?? slice.owner }));
}

export interface MoveLimits {
  /** Share of the space that may move. */
  readonly churn: number;
  /** Nothing is taken from who has no more than that. */
  readonly above: number;
  /** Who has more than that, in slices for which nobody has room, gets room made. Undefined: never. */
  readonly tolerable?: number | undefined;
  /** Only these are given slices; undefined: all. */
  readonly takers?: ReadonlySet<string> | undefined;
}

/**
 * Weighted moves: again and again the one that takes most load off the busier replica for the space it disturbs, from the
 * busiest replica that has one to the least busy.
 */
export function moved(
  slices: readonly Slice[],
  replicas: readonly string[],
  { churn, above, tolerable = Number.POSITIVE_INFINITY, takers }: MoveLimits,
): readonly Slice[] {
  const loads = loadByReplica(slices, replicas);
  const held = new Map(replicas.map((replica): [string, Set<Slice>] => [replica, new Set()]));
  for (const slice of slices) for (const owner of ownersOf(slice)) held.get(owner)?.add(slice);
  const changed = new Map<Slice, Slice>();
  const least = MIN_BENEFIT * fairShare(slices, replicas);
  const pushed = new Set<Slice>();
  let left = churn;
  for (let moves = 0; moves < MAX_MOVES; moves++) {
    const byLoad = [...loads].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    const coldest = byLoad.findLast(([replica]) => takers?.has(replica) ?? true);
    if (coldest === undefined) break;
    const [idlest, low] = coldest;
    let move: Move | undefined = bestMove(byLoad, held, { to: idlest, low, above, left, least, pushed });
    if (move === undefined) {
      move = roomMade(byLoad, held, { above, tolerable, left, pushed });
      if (move === undefined) break;
      pushed.add(move.slice);
    }
    const { slice, from, to } = move;
    const owners = ownersOf(changed.get(slice) ?? slice);
    changed.set(
      slice,
      ownedBy(
        slice,
        owners.map((owner) => (owner === from ? to : owner)),
      ),
    );
    held.get(from)?.delete(slice);
    held.get(to)?.add(slice);
    loads.set(from, (loads.get(from) ?? 0) - partOf(slice));
    loads.set(to, (loads.get(to) ?? 0) + partOf(slice));
    left -= shareOf(slice);
  }
  return slices.map((slice) => changed.get(slice) ?? slice);
}

interface Move {
  readonly slice: Slice;
  readonly from: string;
  readonly to: string;
}

function bestMove(
  byLoad: readonly (readonly [string, number])[],
  held: ReadonlyMap<string, ReadonlySet<Slice>>,
  limits: {
    readonly to: string;
    readonly low: number;
    readonly above: number;
    readonly left: number;
    readonly least: number;
    readonly pushed: ReadonlySet<Slice>;
  },
): Move | undefined {
  const { to, low, above, left, least, pushed } = limits;
  for (const [from, high] of byLoad) {
    if (from === to || high <= above) return undefined;
    let best: Slice | undefined;
    let bestWeight = 0;
    for (const slice of held.get(from) ?? []) {
      const share = shareOf(slice);
      const part = partOf(slice);
      const benefit = high - Math.max(high - part, low + part);
      const weight = benefit / (share + MOVE_COST);
      if (benefit <= least || share > left || weight <= bestWeight) continue;
      // Where room is made for a slice it stays.
      if (pushed.has(slice) || held.get(to)?.has(slice) === true) continue;
      best = slice;
      bestWeight = weight;
    }
    if (best !== undefined) return { slice: best, from, to };
  }
  return undefined;
}

/**
 * What makes the busiest replica busy may be slices too large for the room that any other has. Then one of them goes to a
 * replica whose other load is in small slices, which go on to others next, as far as the share of the space that may move
 * suffices for both.
 */
function roomMade(
  byLoad: readonly (readonly [string, number])[],
  held: ReadonlyMap<string, ReadonlySet<Slice>>,
  limits: {
    readonly above: number;
    readonly tolerable: number;
    readonly left: number;
    readonly pushed: ReadonlySet<Slice>;
  },
): Move | undefined {
  const { above, tolerable, left, pushed } = limits;
  const [from, high] = byLoad[0] ?? ['', 0];
  if (high <= tolerable) return undefined;
  const small = above * SMALL;
  const large = [...(held.get(from) ?? [])]
    .filter((slice) => partOf(slice) > small && partOf(slice) < high - small && !pushed.has(slice))
    .sort((a, b) => partOf(a) - partOf(b));
  for (const slice of large) {
    for (const [to, low] of byLoad.toReversed()) {
      const own = held.get(to);
      if (to === from || own === undefined || own.has(slice)) continue;
      const loose = [...own].filter((each) => partOf(each) <= small);
      const looseLoad = loose.reduce((sum, each) => sum + partOf(each), 0);
      const surplus = low + partOf(slice) - above;
      if (surplus > looseLoad) continue;
      const looseShare = loose.reduce((sum, each) => sum + shareOf(each), 0);
      if (shareOf(slice) + (Math.max(0, surplus) / looseLoad) * looseShare <= left)
        return { slice, from, to };
    }
  }
  return undefined;
}
