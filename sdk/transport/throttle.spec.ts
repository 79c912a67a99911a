import { expect } from 'chai';
import fc from 'fast-check';
import { Throttle } from './throttle.js';

/** A callee that accepts every `of`th call, for so many calls; returns how many were held back here. */
function heldBack(throttle: Throttle, calls: number, of: number, now = 0): number {
  let held = 0;
  let reached = 0;
  for (let i = 0; i < calls; i++) {
    if (throttle.rejects(now)) held++;
    else if (reached++ % of === 0) throttle.accepted();
  }
  return held;
}

describe('Throttle', () => {
  it('holds nothing back while at least half is accepted', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 0, max: 5_000 }), (of, calls) => {
        expect(heldBack(new Throttle(0), calls, of)).to.equal(0);
      }),
    );
  });

  it('lets through about twice what is accepted', () => {
    const throttle = new Throttle(0, seeded());
    const accepts = 2_000;
    let requests = 0;
    let sent = 0;
    for (let i = 0; i < accepts; i++) {
      // Ten are offered in the time that one is accepted.
      for (let j = 0; j < 10; j++) {
        requests++;
        if (!throttle.rejects(0)) sent++;
      }
      throttle.accepted();
    }
    expect(requests).to.equal(10 * accepts);
    expect(sent / accepts).to.be.within(1.8, 3);
  });

  it('always lets some through, and forgets', () => {
    const throttle = new Throttle(0, seeded());
    for (let i = 0; i < 20_000; i++) throttle.rejects(0);
    let sent = 0;
    for (let i = 0; i < 200_000; i++) if (!throttle.rejects(1)) sent++;
    expect(sent).to.be.at.least(1);
    expect(throttle.refused).to.be.above(100_000);
    expect(throttle.rejects(30_000)).to.equal(false);
    expect(throttle.refused).to.be.below(2);
  });

  it('takes a few refusals without holding anything back', () => {
    const throttle = new Throttle(0, () => 0);
    expect(Array.from({ length: 30 }, () => throttle.rejects(0))).to.not.include(true);
  });
});

/** Evenly spread numbers: the golden ratio's. */
function seeded(): () => number {
  let last = 0;
  return () => {
    last = (last + 0.618_033_988_75) % 1;
    return last;
  };
}
