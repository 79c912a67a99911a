import { expect } from 'chai';
import fc from 'fast-check';
import { type Assignment, assign } from '../assignment.js';
import { type Balancing, DEFAULT_BALANCING } from './balancing.js';
import { indexAt, type ReplicaKeyLoad } from './measured-slices.js';
import { nextAssignment } from './next-assignment.js';
import { SPACE } from './slices.js';

/** Buckets of the space, and keys by hash, with their load in ms a second. */
interface Traffic {
  readonly buckets: readonly number[];
  readonly hot: ReadonlyMap<number, number>;
}

const BITS = 8;
const WIDTH = SPACE / 2 ** BITS;
const names = (count: number) => Array.from({ length: count }, (_, index) => `r${index}`);

/** What each replica would tell of the traffic that its slices bring it. */
function reportsOf({ buckets, hot }: Traffic, assignment: Assignment): readonly ReplicaKeyLoad[] {
  return [...new Set(assignment.owners)].map((replica) => {
    const loads = buckets.map((load, bucket) => load * ownedShare(assignment, replica, bucket * WIDTH));
    const owned = [...hot].filter(([hash]) => ownerAt(assignment, hash) === replica);
    const told = [...loads.keys()].filter((bucket) => (loads[bucket] ?? 0) > 0);
    return {
      replica,
      keys: {
        component: 'Cart',
        bits: BITS,
        buckets: told,
        loads: told.map((bucket) => loads[bucket] ?? 0),
        hotKeys: owned.map(([hash, load]) => ({ hash, load })),
      },
    };
  });
}

function ownerAt({ starts, owners }: Assignment, hash: number): string | undefined {
  return owners[indexAt(starts, hash)];
}

function ownedShare({ starts, owners }: Assignment, replica: string, from: number): number {
  let sum = 0;
  for (const [index, start] of starts.entries()) {
    if (owners[index] !== replica) continue;
    sum += Math.max(0, Math.min(starts[index + 1] ?? SPACE, from + WIDTH) - Math.max(start, from));
  }
  return sum / WIDTH;
}

function loadsOf(traffic: Traffic, assignment: Assignment, replicas: readonly string[]): readonly number[] {
  const loads = new Map(replicas.map((replica) => [replica, 0]));
  for (const { replica, keys } of reportsOf(traffic, assignment))
    loads.set(
      replica,
      [...keys.loads, ...keys.hotKeys.map(({ load }) => load)].reduce((sum, load) => sum + load, 0),
    );
  return [...loads.values()];
}

function imbalance(loads: readonly number[]): number {
  return (Math.max(...loads) * loads.length) / loads.reduce((sum, load) => sum + load, 0);
}

function movedShare(before: Assignment, after: Assignment, counts: (owner: string) => boolean = () => true) {
  const edges = [...new Set([...before.starts, ...after.starts])].sort((a, b) => a - b);
  let sum = 0;
  for (const [index, start] of edges.entries()) {
    const owner = ownerAt(before, start) ?? '';
    if (counts(owner) && owner !== ownerAt(after, start)) sum += (edges[index + 1] ?? SPACE) - start;
  }
  return sum / SPACE;
}

function expectWhole({ starts, owners }: Assignment, replicas: readonly string[]): void {
  expect(starts[0]).to.equal(0);
  expect(owners).to.have.length(starts.length);
  for (const [index, start] of starts.entries()) {
    expect(Number.isInteger(start) && start < SPACE).to.equal(true);
    if (index > 0) expect(start).to.be.greaterThan(starts[index - 1] ?? SPACE);
  }
  for (const owner of owners) expect(replicas).to.include(owner);
}

const traffic = (): fc.Arbitrary<Traffic> =>
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
function settled(
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

describe('nextAssignment', () => {
  const even: Traffic = { buckets: new Array<number>(2 ** BITS).fill(10), hot: new Map() };
  const skewed: Traffic = {
    buckets: Array.from({ length: 2 ** BITS }, (_, bucket) => 2000 / (1 + bucket)),
    hot: new Map(),
  };

  it('covers the whole space without overlap, within its bounds, over any history of replicas and loads', () => {
    const step = fc.record({
      replicas: fc
        .uniqueArray(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 10 })
        .map((all) => all.map((index) => `r${index}`)),
      traffic: fc.option(traffic(), { nil: undefined, freq: 5 }),
    });
    const balancing = { ...DEFAULT_BALANCING, minSlices: 5, maxSlices: 15 };
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (history) => {
        let assignment: Assignment | undefined;
        for (const { replicas, traffic: given } of history) {
          const before = assignment;
          const reports = given === undefined || before === undefined ? [] : reportsOf(given, before);
          const next = nextAssignment(before, replicas, reports, balancing);
          expectWhole(next, replicas);
          expect(next.starts.length).to.be.at.most(
            Math.max(before?.starts.length ?? 0, balancing.maxSlices * replicas.length, 26),
          );
          const isLoaded = reports.some(({ keys }) => keys.loads.length + keys.hotKeys.length > 0);
          if (before !== undefined && isLoaded) {
            const stays = (owner: string) => replicas.includes(owner);
            const bound = balancing.churn + balancing.mergeChurn;
            const gone = movedShare(before, next, (owner) => !stays(owner));
            expect(movedShare(before, next) - gone).to.be.at.most(bound + 1e-9);
          }
          assignment = next;
        }
      }),
      { numRuns: 60 },
    );
  });

  it('brings any load near the mean, as far as single keys let it, and then moves nothing more', () => {
    fc.assert(
      fc.property(traffic(), fc.integer({ min: 2, max: 8 }), (given, count) => {
        const replicas = names(count);
        const total = [...given.buckets, ...given.hot.values()].reduce((sum, load) => sum + load, 0);
        fc.pre(total > 100);
        const { assignment, steps } = settled(given, assign(undefined, replicas), replicas);
        expect(steps).to.be.lessThan(60);
        const loads = loadsOf(given, assignment, replicas);
        const hottest = Math.max(0, ...given.hot.values());
        expect(Math.max(...loads)).to.be.at.most(
          Math.max((total / count) * 1.2, hottest * 1.05 + (total / count) * 0.1),
        );
      }),
      { numRuns: 40 },
    );
  });

  it('balances a skewed load to within the tolerance, a bounded part of the space a step', () => {
    const replicas = names(4);
    let assignment = assign(undefined, replicas);
    expect(imbalance(loadsOf(skewed, assignment, replicas))).to.be.greaterThan(2.5);
    for (let step = 0; step < 20; step++) {
      const next = nextAssignment(assignment, replicas, reportsOf(skewed, assignment), DEFAULT_BALANCING);
      expect(movedShare(assignment, next)).to.be.at.most(0.1);
      assignment = next;
    }
    expect(imbalance(loadsOf(skewed, assignment, replicas))).to.be.at.most(1.1);
  });

  it('gives a hot key a slice of its own, and its replica little else', () => {
    const hash = 0x1234_5678;
    const replicas = names(4);
    const given = { ...even, hot: new Map([[hash, 5000]]) };
    const { assignment } = settled(given, assign(undefined, replicas), replicas);
    expect(assignment.starts).to.include.members([hash, hash + 1]);
    const owner = ownerAt(assignment, hash) ?? '';
    const rest = loadsOf(even, assignment, replicas)[replicas.indexOf(owner)] ?? Number.NaN;
    expect(rest).to.be.lessThan(100);
  });

  it('moves nothing while the load is even, nor for a little imbalance', () => {
    const three = assign(undefined, names(3));
    expect(nextAssignment(three, names(3), reportsOf(even, three), DEFAULT_BALANCING)).to.equal(three);
    const uneven = {
      ...even,
      buckets: even.buckets.map((load, bucket) => (bucket < 60 ? load * 1.05 : load)),
    };
    expect(nextAssignment(three, names(3), reportsOf(uneven, three), DEFAULT_BALANCING)).to.equal(three);
  });

  it('moves only what was theirs when replicas leave a balanced assignment', () => {
    const { assignment } = settled(skewed, assign(undefined, names(6)), names(6));
    const staying = names(6).filter((name) => name !== 'r2');
    const next = nextAssignment(assignment, staying, reportsOf(skewed, assignment), DEFAULT_BALANCING);
    expect(movedShare(assignment, next, (owner) => owner !== 'r2')).to.equal(0);
    expect(imbalance(loadsOf(skewed, next, staying))).to.be.at.most(1.1);
  });

  it('gives slices to a replica that joined and to nobody else', () => {
    const { assignment } = settled(skewed, assign(undefined, names(5)), names(5));
    let next = assignment;
    for (let step = 0; step < 12; step++)
      next = nextAssignment(next, names(6), reportsOf(skewed, next), DEFAULT_BALANCING);
    const edges = [...new Set([...assignment.starts, ...next.starts])];
    for (const start of edges)
      if (ownerAt(assignment, start) !== ownerAt(next, start)) expect(ownerAt(next, start)).to.equal('r5');
    expect(imbalance(loadsOf(skewed, next, names(6)))).to.be.at.most(1.15);
  });

  it('is as without balancing while no load was reported: equal shares, least movement', () => {
    const members = fc.uniqueArray(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(members, { minLength: 1, maxLength: 5 }), (history) => {
        let plain: Assignment | undefined;
        let next: Assignment | undefined;
        for (const present of history) {
          const replicas = present.map((index) => `r${index}`);
          plain = assign(plain, replicas);
          next = nextAssignment(next, replicas, [], DEFAULT_BALANCING);
          expect(next).to.deep.equal(plain);
        }
      }),
    );
  });

  it('keeps what the load had shaped when the load is gone, but for those who come and go', () => {
    const replicas = names(4);
    const { assignment } = settled(skewed, assign(undefined, replicas), replicas);
    expect(nextAssignment(assignment, replicas, [], DEFAULT_BALANCING)).to.equal(assignment);
    expect(nextAssignment(assignment, [], [], DEFAULT_BALANCING)).to.equal(assignment);
    const three = nextAssignment(assignment, names(3), [], DEFAULT_BALANCING);
    expect(movedShare(assignment, three, (owner) => owner !== 'r3')).to.equal(0);
    const five = nextAssignment(assignment, names(5), [], DEFAULT_BALANCING);
    expectWhole(five, names(5));
    expect(movedShare(assignment, five)).to.be.within(0.17, 0.23);
  });
});
