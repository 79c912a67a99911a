/** Slices of the 32-bit hash space by owner: slice i is [starts[i], starts[i+1]), starts[0] = 0. */
export interface Assignment {
  readonly starts: readonly number[];
  /** Names of replicas. */
  readonly owners: readonly string[];
  /** By slice, the replicas that own it as well: those of a hot key. Absent when no slice has any. */
  readonly others?: readonly (readonly string[])[] | undefined;
}

/** Slices begin at multiples of this share of the space, which bounds their number. */
export const UNITS = 2 ** 14;
const UNIT = 2 ** 32 / UNITS;

interface Run {
  readonly start: number;
  readonly length: number;
  readonly owner: string | undefined;
}

/**
 * Each replica has the same share, to within one unit, and no more moves than that needs: those who leave give all,
 * those with more than their share the rest, those with less take it. With no replicas the previous one stays, so that
 * who comes back finds their keys.
 */
export function assign(previous: Assignment | undefined, replicas: readonly string[]): Assignment {
  const names = [...new Set(replicas)].sort();
  if (names.length === 0) return previous ?? { starts: [], owners: [] };
  const present = new Set(names);
  const runs = toRuns(previous).map((run) =>
    run.owner !== undefined && present.has(run.owner) ? run : { ...run, owner: undefined },
  );
  const quotas = quotasOf(names, runs);
  return toAssignment(take(release(runs, quotas), quotas));
}

/** Units per replica; those that have most get the odd ones. */
function quotasOf(names: readonly string[], runs: readonly Run[]): ReadonlyMap<string, number> {
  const held = unitsByOwner(runs);
  const byHolding = [...names].sort((a, b) => (held.get(b) ?? 0) - (held.get(a) ?? 0) || (a < b ? -1 : 1));
  const share = Math.floor(UNITS / names.length);
  const odd = UNITS % names.length;
  return new Map(byHolding.map((name, index) => [name, share + (index < odd ? 1 : 0)]));
}

/** Frees what is above the quotas, whole short runs first, so that slices do not crumble. */
function release(runs: readonly Run[], quotas: ReadonlyMap<string, number>): readonly Run[] {
  const surplus = new Map<string, number>();
  for (const [owner, units] of unitsByOwner(runs)) surplus.set(owner, units - (quotas.get(owner) ?? 0));
  const shortestFirst = [...runs].sort((a, b) => a.length - b.length || a.start - b.start);
  return shortestFirst.flatMap((run) => {
    const over = run.owner === undefined ? 0 : Math.max(0, surplus.get(run.owner) ?? 0);
    if (run.owner === undefined || over === 0) return [run];
    const freed = Math.min(over, run.length);
    surplus.set(run.owner, over - freed);
    const kept = run.length - freed;
    const free = { start: run.start + kept, length: freed, owner: undefined };
    return kept === 0 ? [free] : [{ ...run, length: kept }, free];
  });
}

/** Gives what is free to those below their quotas. */
function take(runs: readonly Run[], quotas: ReadonlyMap<string, number>): readonly Run[] {
  const held = unitsByOwner(runs);
  const takers = [...quotas]
    .map(([name, quota]) => ({ name, lacks: quota - (held.get(name) ?? 0) }))
    .filter(({ lacks }) => lacks > 0)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const taken = runs.filter(({ owner }) => owner !== undefined);
  const free = runs.filter(({ owner }) => owner === undefined).sort((a, b) => a.start - b.start);
  let next = 0;
  for (const run of free) {
    let { start, length } = run;
    while (length > 0) {
      const taker = takers[next];
      if (taker === undefined) throw new Error(`${length} units at ${start} are above all quotas`);
      const units = Math.min(length, taker.lacks);
      taken.push({ start, length: units, owner: taker.name });
      start += units;
      length -= units;
      taker.lacks -= units;
      if (taker.lacks === 0) next++;
    }
  }
  return taken;
}

function unitsByOwner(runs: readonly Run[]): Map<string, number> {
  const units = new Map<string, number>();
  for (const { owner, length } of runs)
    if (owner !== undefined) units.set(owner, (units.get(owner) ?? 0) + length);
  return units;
}

function toRuns(assignment: Assignment | undefined): readonly Run[] {
  if (assignment === undefined || assignment.starts.length === 0)
    return [{ start: 0, length: UNITS, owner: undefined }];
  const { starts, owners } = assignment;
  return starts.flatMap((given, index) => {
    const start = Math.round(given / UNIT);
    const end = index + 1 < starts.length ? Math.round((starts[index + 1] ?? 0) / UNIT) : UNITS;
    return end > start ? [{ start, length: end - start, owner: owners[index] }] : [];
  });
}

function toAssignment(runs: readonly Run[]): Assignment {
  const starts: number[] = [];
  const owners: string[] = [];
  for (const { start, owner } of [...runs].sort((a, b) => a.start - b.start)) {
    if (owner === undefined || owners.at(-1) === owner) continue;
    starts.push(start * UNIT);
    owners.push(owner);
  }
  return { starts, owners };
}
