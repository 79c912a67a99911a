import { expect } from 'chai';
import fc from 'fast-check';
import { backoffMs } from './backoff.js';
import { chooseReplica } from './balancer.js';
import { RetryBudget } from './retry-budget.js';
import { SliceTable } from './slice-table.js';

describe('SliceTable', () => {
  it('agrees with a linear search', () => {
    const place = fc.oneof(
      fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      fc
        .tuple(fc.integer({ min: 1, max: 4095 }), fc.integer({ min: -1, max: 1 }))
        .map(([part, beside]) => part * 2 ** 20 + beside),
    );
    const assignments = fc
      .uniqueArray(place, { maxLength: 50 })
      .map((starts) => [0, ...starts.sort((a, b) => a - b)])
      .map((starts) => ({ starts, owners: starts.map((_, index) => index % 3) }));
    fc.assert(
      fc.property(assignments, fc.oneof(fc.constant(0), place), (assignment, hash) => {
        const slice = assignment.starts.findLastIndex((start) => start <= hash);
        const table = new SliceTable(assignment);
        expect(table.sliceOf(hash)).to.equal(slice);
        expect(table.ownerAt(slice)).to.equal(assignment.owners[slice]);
      }),
    );
  });

  it('knows no owner in an empty assignment', () => {
    const table = new SliceTable({ starts: [], owners: [] });
    expect(table.ownerAt(table.sliceOf(7))).to.equal(undefined);
  });

  it('knows all owners of a slice that has several', () => {
    const table = new SliceTable({ starts: [0, 7, 8], owners: [0, 1, 0], others: [[], [2, 0], []] });
    expect([...table.shared]).to.deep.equal([[1, [1, 2, 0]]]);
  });
});

describe('chooseReplica', () => {
  const random = () => fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const candidates = fc.array(fc.record({ load: fc.nat(100), ejected: fc.boolean() }), {
    maxLength: 8,
  });

  it('takes an ejected candidate only when all are', () => {
    fc.assert(
      fc.property(candidates, random(), random(), (all, first, second) => {
        const draws = [first, second];
        const chosen = chooseReplica(all, () => draws.shift() ?? 0);
        if (all.length === 0) return chosen === undefined;
        return chosen !== undefined && (!chosen.ejected || all.every(({ ejected }) => ejected));
      }),
    );
  });

  it('never takes the busiest of three', () => {
    const all = [5, 1, 9].map((load) => ({ load, ejected: false }));
    for (let i = 0; i < 200; i++) expect(chooseReplica(all, Math.random)?.load).to.not.equal(9);
  });
});

describe('backoffMs', () => {
  it('stays between half a step and the cap', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, random) => {
          const wait = backoffMs({ firstMs: 10, capMs: 500 }, attempt, () => random);
          return wait >= 5 && wait <= 500;
        },
      ),
    );
  });
});

describe('RetryBudget', () => {
  it('allows bursts up to its capacity, then a share of the calls', () => {
    const budget = new RetryBudget(10, 0.5);
    for (let i = 0; i < 10; i++) expect(budget.tryRetry()).to.equal(true);
    expect(budget.tryRetry()).to.equal(false);
    budget.onCall();
    expect(budget.tryRetry()).to.equal(false);
    budget.onCall();
    expect(budget.tryRetry()).to.equal(true);
  });
});
