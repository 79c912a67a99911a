import { expect } from 'chai';
import fc from 'fast-check';
import { type Faults, type Flaws, simulate } from './spec-support/lease-model.js';

const share = fc.double({ min: 0, max: 0.4, noNaN: true });
const anyFaults = fc.record({
  seed: fc.nat(),
  daemons: fc.integer({ min: 2, max: 5 }),
  lost: share,
  slow: share,
  stale: share,
  paused: fc.double({ min: 0, max: 0.1, noNaN: true }),
  restarted: fc.double({ min: 0, max: 0.03, noNaN: true }),
});

describe('the lease under any delays, losses, stale reads, pauses and restarts', () => {
  it('is held by one at most, with rising incarnations, and by one again after the faults', () => {
    fc.assert(
      fc.property(anyFaults, (faults) => {
        const { broken, leadsAtEnd } = simulate(faults);
        expect(broken).to.deep.equal([]);
        expect(leadsAtEnd).to.equal(true);
      }),
      { numRuns: 300 },
    );
  });

  it('is not vacuous: leaders do change', () => {
    const changes = seeds(20).map((seed) => simulate(harsh(seed)).incarnations.length);
    expect(Math.min(...changes)).to.be.greaterThan(2);
  });

  const flaws: readonly [string, Flaws][] = [
    ['a leader that goes on after its lease', { marginMs: -2000 }],
    ['trust in a write that timed out', { trustsTimeouts: true }],
    ['a store without compare-and-set', { storeIgnoresRevisions: true }],
  ];
  for (const [name, flaw] of flaws)
    it(`finds out ${name}`, () => {
      expect(seeds(60).some((seed) => simulate(harsh(seed), flaw).broken.length > 0)).to.equal(true);
    });
});

function seeds(count: number): readonly number[] {
  return Array.from({ length: count }, (_, seed) => seed);
}

function harsh(seed: number): Faults {
  return { seed, daemons: 4, lost: 0.15, slow: 0.15, stale: 0.2, paused: 0.05, restarted: 0.01 };
}
