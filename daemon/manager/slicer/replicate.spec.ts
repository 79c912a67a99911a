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

const HASH = 0x1234_5678;
/** 5000 ms a second evenly, and one key. */
const withKey = (load: number): Traffic => ({
  buckets: new Array<number>(2 ** BITS).fill(5000 / 2 ** BITS),
  hot: new Map([[HASH, load]]),
});

describe('replicated slices', () => {
  it('give a key that is too hot for one replica as many owners as it needs, and all replicas even load', () => {
    const replicas = names(5);
    const given = withKey(5000);
    const { assignment } = settled(given, assign(undefined, replicas), replicas);
    expectWhole(assignment, replicas);
    // Its share of the load is 2.5 replicas.
    expect(ownersAt(assignment, HASH)).to.have.length(3);
    expect(imbalance(loadsOf(given, assignment, replicas))).to.be.at.most(1.1);
    expect(assignment.starts.filter((start) => ownersAt(assignment, start).length > 1)).to.deep.equal([HASH]);
  });

  it('bring any load near the mean, and then change nothing more', () => {
    fc.assert(
      fc.property(traffic(), fc.integer({ min: 2, max: 12 }), (given, count) => {
        const replicas = names(count);
        fc.pre(totalOf(given) > 100);
        const { assignment, steps } = settled(given, assign(undefined, replicas), replicas);
        expect(steps).to.be.lessThan(60);
        expectWhole(assignment, replicas);
        expect(imbalance(loadsOf(given, assignment, replicas))).to.be.at.most(1.2);
        const mean = totalOf(given) / count;
        for (const start of assignment.starts) {
          const owners = ownersAt(assignment, start).length;
          if (owners === 1) continue;
          // None is shared that need not be.
          expect(given.hot.get(start) ?? 0).to.be.greaterThan(
            mean * DEFAULT_BALANCING.cooled * (owners - 1) - 1e-6,
          );
        }
      }),
      { numRuns: 40 },
    );
  });

  it('have no more owners than they may, and none twice', () => {
    const replicas = names(12);
    const most = { ...DEFAULT_BALANCING, maxOwners: 3 };
    const { assignment } = settled(withKey(50_000), assign(undefined, replicas), replicas, most);
    expect(ownersAt(assignment, HASH)).to.have.length(3);
    expectWhole(assignment, replicas);
    const one = { ...DEFAULT_BALANCING, maxOwners: 1 };
    const alone = nextAssignment(assignment, replicas, reportsOf(withKey(50_000), assignment), one);
    expect(alone.others).to.equal(undefined);
  });

  it('change no owners of a key while its load wavers, and lose them one by one as it cools', () => {
    const replicas = names(5);
    let { assignment } = settled(withKey(5000), assign(undefined, replicas), replicas);
    const step = (load: number) => {
      assignment = nextAssignment(
        assignment,
        replicas,
        reportsOf(withKey(load), assignment),
        DEFAULT_BALANCING,
      );
      return ownersAt(assignment, HASH);
    };
    const owners = step(5000);
    for (const load of [4400, 5600, 4000, 5800, 4500]) expect(step(load)).to.deep.equal(owners);
    const counts = [3000, 2000, 1400, 1000, 500, 100].map((load) => step(load).length);
    expect(counts).to.deep.equal([...counts].sort((a, b) => b - a));
    expect(counts.at(-1)).to.equal(1);
    expect(assignment.others).to.equal(undefined);
    expect(owners).to.include(step(100)[0]);
  });

  it('stay with the owners that are left when one leaves', () => {
    const replicas = names(5);
    const given = withKey(5000);
    const { assignment } = settled(given, assign(undefined, replicas), replicas);
    const [gone, ...staying] = ownersAt(assignment, HASH);
    const left = replicas.filter((replica) => replica !== gone);
    for (const [reports, most] of [
      [reportsOf(given, assignment), DEFAULT_BALANCING.churn + DEFAULT_BALANCING.mergeChurn],
      [[], 0],
    ] as const) {
      const next = nextAssignment(assignment, left, reports, DEFAULT_BALANCING);
      expectWhole(next, left);
      expect(ownersAt(next, HASH)).to.include.members(staying);
      expect(movedShare(assignment, next, (owner) => owner !== gone)).to.be.at.most(most + 1e-9);
    }
  });

  it('have one owner again when the component rests; while nobody reports they stay', () => {
    const replicas = names(5);
    const { assignment } = settled(withKey(5000), assign(undefined, replicas), replicas);
    expect(nextAssignment(assignment, replicas, [], DEFAULT_BALANCING)).to.equal(assignment);
    const rest = { buckets: new Array<number>(2 ** BITS).fill(0.001), hot: new Map() };
    const next = nextAssignment(assignment, replicas, reportsOf(rest, assignment), DEFAULT_BALANCING);
    expect(next).to.deep.equal({ starts: assignment.starts, owners: assignment.owners });
  });

  it('are whole over any history of replicas and loads', () => {
    const step = fc.record({
      replicas: fc
        .uniqueArray(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 10 })
        .map((all) => all.map((index) => `r${index}`)),
      hot: fc.dictionary(fc.constantFrom('1', '70000', '4294967295'), fc.integer({ min: 0, max: 50_000 })),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (history) => {
        let assignment: Assignment | undefined;
        for (const { replicas, hot } of history) {
          const keys = new Map(Object.entries(hot).map(([hash, load]) => [Number(hash), load]));
          const given = { ...withKey(0), hot: keys };
          const reports = assignment === undefined ? [] : reportsOf(given, assignment);
          assignment = nextAssignment(assignment, replicas, reports, DEFAULT_BALANCING);
          expectWhole(assignment, replicas);
        }
      }),
      { numRuns: 60 },
    );
  });
});
