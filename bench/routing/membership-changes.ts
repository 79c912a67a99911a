import type { Membership, Placement, Strategy } from './placement.js';

export interface Change {
  /** Who dies has not been drained. */
  readonly kind: 'join' | 'leave' | 'die';
  /** Members after it. */
  readonly members: number;
  /** Share of the keys that have another owner. */
  readonly moved: number;
  /** What had to move, given what each member has before and after. */
  readonly minimum: number;
  /** What has to move when all have equal shares before and after. */
  readonly equalMinimum: number;
  /** The largest share of a member over the mean, after it; under load that of the load. */
  readonly evenness: number;
}

/** Members join one by one from `from` to `to`, then leave in another order until `from` are left. */
export function membershipChanges(
  strategy: Strategy,
  hashes: readonly number[],
  { from, to, random }: { readonly from: number; readonly to: number; readonly random: () => number },
): readonly Change[] {
  const names = shuffled(
    Array.from({ length: to }, (_, index) => `Cart-${index}`),
    random,
  );
  let members = names.slice(0, from);
  let state: Membership = strategy.start(members);
  let owners = ownersOf(state.placement, hashes);
  const changes: Change[] = [];
  const change = (kind: Change['kind'], next: readonly string[]) => {
    state = state.change(next);
    const after = ownersOf(state.placement, hashes);
    const moved = owners.filter((owner, index) => owner !== after[index]).length / hashes.length;
    changes.push({
      kind,
      members: next.length,
      moved,
      minimum: minimumMoved(owners, after),
      equalMinimum: 1 / Math.max(next.length, members.length),
      evenness: (Math.max(...countsOf(after).values()) * next.length) / hashes.length,
    });
    members = [...next];
    owners = after;
  };
  for (const name of names.slice(from)) change('join', [...members, name]);
  for (const name of shuffled(names, random).slice(from))
    change(
      'leave',
      members.filter((member) => member !== name),
    );
  return changes;
}

/** What those who have more afterwards have got, as a share of all. */
export function minimumMoved(before: readonly string[], after: readonly string[]): number {
  const had = countsOf(before);
  let sum = 0;
  for (const [owner, count] of countsOf(after)) sum += Math.max(0, count - (had.get(owner) ?? 0));
  return sum / after.length;
}

function ownersOf(placement: Placement, hashes: readonly number[]): readonly string[] {
  return hashes.map(placement);
}

function countsOf(owners: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return counts;
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
