import { expect } from 'chai';
import fc from 'fast-check';
import { backoffMs } from './backoff.js';
import { chooseReplica } from './balancer.js';
import { hashKey, isRoutingKey } from './key-hash.js';
import { RetryBudget } from './retry-budget.js';
import { ownerOf } from './slice-table.js';

describe('hashKey', () => {
  it('is fixed: assignments and stored state depend on these very values', () => {
    expect(hashKey('')).to.equal(0);
    expect(hashKey('ann')).to.equal(hashKey('ann'));
    expect(['a', 'ann', 'user-1', 'ключ', '#1', 1, 1n].map((key) => hashKey(key))).to.deep.equal(
      KNOWN_HASHES,
    );
  });

  it('tells a number from the string of its digits', () => {
    expect(hashKey(1)).to.not.equal(hashKey('1'));
  });

  it('spreads keys evenly over the space', () => {
    const buckets = new Array<number>(16).fill(0);
    for (let i = 0; i < 16_000; i++) {
      const bucket = hashKey(`user-${i}`) >>> 28;
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    for (const count of buckets) expect(count).to.be.within(850, 1150);
  });

  it('gives unsigned 32-bit integers for any string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (key) => {
        const hash = hashKey(key);
        return Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32;
      }),
    );
  });
});

/** The first six by the reference implementation (mmh3 over UTF-16LE). */
const KNOWN_HASHES = [1867108634, 3585519097, 2429978192, 3797877012, 552481157, 552481157, 552481157];

describe('isRoutingKey', () => {
  it('refuses what cannot name a key', () => {
    for (const key of [Number.NaN, undefined, null, {}, () => 'x']) expect(isRoutingKey(key)).to.equal(false);
    for (const key of ['', 0, -1.5, 3n]) expect(isRoutingKey(key)).to.equal(true);
  });
});

describe('ownerOf', () => {
  it('agrees with a linear search', () => {
    const assignments = fc
      .uniqueArray(fc.integer({ min: 1, max: 2 ** 32 - 1 }), { maxLength: 50 })
      .map((starts) => [0, ...starts.sort((a, b) => a - b)])
      .map((starts) => ({ starts, owners: starts.map((_, index) => index % 3) }));
    fc.assert(
      fc.property(assignments, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (assignment, hash) => {
        const slice = assignment.starts.findLastIndex((start) => start <= hash);
        expect(ownerOf(assignment, hash)).to.equal(assignment.owners[slice]);
      }),
    );
  });

  it('knows no owner in an empty assignment', () => {
    expect(ownerOf({ starts: [], owners: [] }, 7)).to.equal(undefined);
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
