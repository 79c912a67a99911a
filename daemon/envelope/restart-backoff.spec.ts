import { expect } from 'chai';
import fc from 'fast-check';
import { crashesInARow, DEFAULT_BACKOFF, isCrashLoop, restartDelayMs } from './restart-backoff.js';

describe('restart back-off', () => {
  it('doubles its bound with each crash in a row, up to the cap', () => {
    const bounds = [1, 2, 3, 4, 5, 6, 7, 8].map((crashes) => restartDelayMs(crashes, 1, DEFAULT_BACKOFF));
    expect(bounds).to.deep.equal([200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  });

  it('is spread over the whole of its bound, and within it for any number of crashes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (crashes, jitter) => {
          const delay = restartDelayMs(crashes, jitter, DEFAULT_BACKOFF);
          expect(delay).to.be.within(0, DEFAULT_BACKOFF.capMs);
          expect(delay).to.be.closeTo(jitter * restartDelayMs(crashes, 1, DEFAULT_BACKOFF), 1e-6);
        },
      ),
    );
  });

  it('forgives after 30 s of serving, not before', () => {
    expect(crashesInARow(4, 29_999, DEFAULT_BACKOFF)).to.equal(5);
    expect(crashesInARow(4, 30_000, DEFAULT_BACKOFF)).to.equal(1);
  });

  it('calls the fifth crash in a row a loop', () => {
    expect([4, 5, 6].map((crashes) => isCrashLoop(crashes, DEFAULT_BACKOFF))).to.deep.equal([
      false,
      true,
      true,
    ]);
  });
});
