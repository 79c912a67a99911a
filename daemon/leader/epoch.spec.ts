import { expect } from 'chai';
import fc from 'fast-check';
import {
  counterOf,
  EPOCHS_PER_INCARNATION,
  epochOf,
  incarnationOf,
  isEpoch,
  MAX_INCARNATION,
  NO_EPOCH,
} from './epoch.js';

describe('epochs', () => {
  const incarnations = fc.integer({ min: 0, max: MAX_INCARNATION });
  const counters = fc.integer({ min: 0, max: EPOCHS_PER_INCARNATION - 1 });

  it('are exact numbers that say what they were made of', () => {
    fc.assert(
      fc.property(incarnations, counters, (incarnation, counter) => {
        const epoch = epochOf(incarnation, counter);
        expect([isEpoch(epoch), incarnationOf(epoch), counterOf(epoch)]).to.deep.equal([
          true,
          incarnation,
          counter,
        ]);
      }),
    );
  });

  it('compare by incarnation, then by counter', () => {
    fc.assert(
      fc.property(incarnations, counters, incarnations, counters, (a, b, c, d) => {
        expect(epochOf(a, b) < epochOf(c, d)).to.equal(a < c || (a === c && b < d));
      }),
    );
    expect(NO_EPOCH).to.equal(epochOf(0, 0));
  });

  it('refuse what would not be exact', () => {
    for (const [incarnation, counter] of [
      [MAX_INCARNATION + 1, 0],
      [-1, 0],
      [1.5, 0],
      [1, EPOCHS_PER_INCARNATION],
      [1, -1],
    ] as const)
      expect(() => epochOf(incarnation, counter)).to.throw(RangeError);
    for (const value of [-1, 0.5, 2 ** 53, Number.NaN, '1', null]) expect(isEpoch(value)).to.equal(false);
  });
});
