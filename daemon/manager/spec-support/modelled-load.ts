import { expect } from 'chai';
import fc from 'fast-check';
import type { Assignment } from '../assignment.js';
import { type Balancing, DEFAULT_BALANCING } from '../slicer/balancing.js';
import { indexAt, type ReplicaKeyLoad } from '../slicer/measured-slices.js';
import { nextAssignment } from '../slicer/next-assignment.js';
import { SPACE } from '../slicer/slices.js';

/** Buckets of the space, and keys by hash, with their load in ms a second. */
export interface Traffic {
  readonly buckets: readonly number[];
  readonly hot: ReadonlyMap<number, number>;
}

export const BITS = 8;
const WIDTH = SPACE / 2 ** BITS;

export function names(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `r${index}`);
}

/** What each replica would tell of the traffic that its slices bring it: its even part of those it shares. */
export function reportsOf({ buckets, hot }: Traffic, assignment: Assignment): readonly ReplicaKeyLoad[] {
  return [...allOwners(assignment)].map((replica) => {
    const loads = buckets.map((load, bucket) => load * ownedShare(assignment, replica, bucket * WIDTH));
    const told = [...loads.keys()].filter((bucket) => (loads[bucket] ?? 0) > 0);
    const hotKeys = [...hot].flatMap(([hash, load]) => {
      const owners = ownersAt(assignment, hash);
      return owners.includes(replica) ? [{ hash, load: load / owners.length }] : [];
    });
    return {
      replica,
      keys: {
        component: 'Cart',
        bits: BITS,
        buckets: told,
        loads: told.map((bucket) => loads[bucket] ?? 0),
        hotKeys,
      },
    };
  });
}

export function ownersAt({ starts, owners, others }: Assignment, hash: number): readonly string[] {
  const index = indexAt(starts, hash);
  return [owners[index] ?? '', ...(others?.[index] ?? [])];
}

function allOwners({ owners, others }: Assignment): ReadonlySet<string> {
  return new Set([...owners, ...(others ?? []).flat()]);
}

function ownedShare(assignment: Assignment, replica: string, from: number): number {
  const { starts } = assignment;
  let sum = 0;
  for (const [index, start] of starts.entries()) {
    const owners = ownersAt(assignment, start);
    if (!owners.includes(replica)) continue;
    const [begin, end] = [Math.max(start, from), Math.min(starts[index + 1] ?? SPACE, from + WIDTH)];
    sum += Math.max(0, end - begin) / owners.length;
  }
  return sum / WIDTH;
}

export function loadsOf(
  traffic: Traffic,
  assignment: Assignment,
  replicas: readonly string[],
): readonly number[] {
  const loads = new Map(replicas.map((replica) => [replica, 0]));
  for (const { replica, keys } of reportsOf(traffic, assignment))
    loads.set(
      replica,
      [...keys.loads, ...keys.hotKeys.map(({ load }) => load)].reduce((sum, load) => sum + load, 0),
    );
  return [...loads.values()];
}

export function totalOf({ buckets, hot }: Traffic): number {
  return [...buckets, ...hot.values()].reduce((sum, load) => sum + load, 0);
}

export function imbalance(loads: readonly number[]): number {
  return (Math.max(...loads) * loads.length) / loads.reduce((sum, load) => sum + load, 0);
}

/** Share of the space with another first owner, where that which it had counts. */
export function movedShare(
  before: Assignment,
  after: Assignment,
  counts: (owner: string) => boolean = () => true,
): number {
  const edges = [...new Set([...before.starts, ...after.starts])].sort((a, b) => a - b);
  let sum = 0;
  for (const [index, start] of edges.entries()) {
    const owner = ownersAt(before, start)[0] ?? '';
    if (counts(owner) && owner !== ownersAt(after, start)[0]) sum += (edges[index + 1] ?? SPACE) - start;
  }
  return sum / SPACE;
}

export function expectWhole(assignment: Assignment, replicas: readonly string[]): void {
  const { starts, owners, others } = assignment;
  expect(starts[0]).to.equal(0);
  expect(owners).to.have.length(starts.length);
  expect(others ?? starts).to.have.length(starts.length);
  for (const [index, start] of starts.entries()) {
    expect(Number.isInteger(start) && start < SPACE).to.equal(true);
    if (index > 0) expect(start).to.be.greaterThan(starts[index - 1] ?? SPACE);
    const all = ownersAt(assignment, start);
    expect(new Set(all).size).to.equal(all.length);
    expect(replicas).to.include.members([...all]);
  }
}

export const traffic = (): fc.Arbitrary<Traffic> =>
  fc.record({
    buckets: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1000 })), {
      minLength: 2 ** BITS,
      maxLength: 2 ** BITS,
    }),
    hot: fc
      .array(fc.tuple(fc.integer({ min: 0, max: SPACE - 1 }), fc.integer({ min: 1, max: 20_000 })), {
        maxLength: 8,
      })
      .map((keys) => new Map(keys)),
  });

/** Steps under one traffic until nothing changes, `most` at most. */
export function settled(
  given: Traffic,
  start: Assignment,
  replicas: readonly string[],
  balancing: Balancing = DEFAULT_BALANCING,
  most = 60,
): { readonly assignment: Assignment; readonly steps: number } {
  let assignment = start;
  for (let steps = 0; steps < most; steps++) {
    const next = nextAssignment(assignment, replicas, reportsOf(given, assignment), balancing);
    if (next === assignment) return { assignment, steps };
    assignment = next;
  }
  return { assignment, steps: most };
}
