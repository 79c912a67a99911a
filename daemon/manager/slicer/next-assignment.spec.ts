import { expect } from 'chai';
import fc from 'fast-check';
import { type Assignment, assign } from '../assignment.js';
import {
  BITS,
  expectWhole,
  imbalance,
  loadsOf,
  movedShare,
  names,
  ownersAt,
  reportsOf,
  settled,
  type Traffic,
  totalOf,
  traffic,
} from '../spec-support/modelled-load.js';
import { DEFAULT_BALANCING } from './balancing.js';
import { nextAssignment } from './next-assignment.js';

const ONE_OWNER = { ...DEFAULT_BALANCING, maxOwners: 1 };

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

  it('brings any load near the mean, as far as keys of one owner let it, and then moves nothing more', () => {
    fc.assert(
      fc.property(traffic(), fc.integer({ min: 2, max: 8 }), (given, count) => {
        const replicas = names(count);
        const total = totalOf(given);
        fc.pre(total > 100);
        const { assignment, steps } = settled(given, assign(undefined, replicas), replicas, ONE_OWNER);
        expect(assignment.others).to.equal(undefined);
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

  it('gives a hot key a slice of its own, and its replica, if there may be but one, little else', () => {
    const hash = 0x1234_5678;
    const replicas = names(4);
    const given = { ...even, hot: new Map([[hash, 5000]]) };
    const { assignment } = settled(given, assign(undefined, replicas), replicas, ONE_OWNER);
    expect(assignment.starts).to.include.members([hash, hash + 1]);
    const owner = ownersAt(assignment, hash)[0] ?? '';
    const rest = loadsOf(even, assignment, replicas)[replicas.indexOf(owner)] ?? Number.NaN;
    expect(rest).to.be.lessThan(100);
  });

  it('makes room for a large key that no replica has room for', () => {
    const replicas = names(8);
    const mean = 1000;
    // Two keys of one replica are more than its share, and all others are full.
    const [one, other] = [5, 70_000];
    const hot = new Map([
      [one, 0.8 * mean],
      [other, 0.55 * mean],
    ]);
    const rest = (8 - 1.35) * mean;
    const given: Traffic = { buckets: new Array<number>(2 ** BITS).fill(rest / 2 ** BITS), hot };
    const balanced = settled(
      { ...given, hot: new Map() },
      assign(undefined, replicas.slice(1)),
      replicas.slice(1),
    );
    const { starts, owners } = balanced.assignment;
    const first = owners[0] ?? '';
    const stuck: Assignment = {
      starts: [0, one, one + 1, other, other + 1, ...starts.slice(1)],
      owners: [first, 'r0', first, 'r0', ...owners],
    };
    expect(imbalance(loadsOf(given, stuck, replicas))).to.be.greaterThan(1.3);
    const next = nextAssignment(stuck, replicas, reportsOf(given, stuck), DEFAULT_BALANCING);
    expect(movedShare(stuck, next)).to.be.at.most(DEFAULT_BALANCING.churn + DEFAULT_BALANCING.mergeChurn);
    const { assignment } = settled(given, stuck, replicas);
    expect(imbalance(loadsOf(given, assignment, replicas))).to.be.at.most(1.1);
    expect(ownersAt(assignment, one)).to.not.deep.equal(ownersAt(assignment, other));
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

  it('spreads what a dead replica had, though its load is not known any more', () => {
    const { assignment } = settled(skewed, assign(undefined, names(6)), names(6));
    const staying = names(6).filter((name) => name !== 'r2');
    const reports = reportsOf(skewed, assignment).filter(({ replica }) => replica !== 'r2');
    const next = nextAssignment(assignment, staying, reports, DEFAULT_BALANCING);
    expect(movedShare(assignment, next, (owner) => owner !== 'r2')).to.be.at.most(0.02);
    expect(imbalance(loadsOf(skewed, next, staying))).to.be.at.most(1.2);
  });

  it('gives slices to a replica that joined and to nobody else', () => {
    const { assignment } = settled(skewed, assign(undefined, names(5)), names(5));
    let next = assignment;
    for (let step = 0; step < 12; step++)
      next = nextAssignment(next, names(6), reportsOf(skewed, next), DEFAULT_BALANCING);
    const edges = [...new Set([...assignment.starts, ...next.starts])];
    for (const start of edges)
      if (ownersAt(assignment, start)[0] !== ownersAt(next, start)[0])
        expect(ownersAt(next, start)).to.deep.equal(['r5']);
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
