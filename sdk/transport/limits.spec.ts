import { expect } from 'chai';
import { DEFAULT_LIMITS, resolveLimits } from './limits.js';

describe('resolveLimits', () => {
  it('fills in the defaults', () => {
    expect(resolveLimits()).to.deep.equal(DEFAULT_LIMITS);
    expect(resolveLimits({ maxCallsInFlight: 5 })).to.deep.equal({ ...DEFAULT_LIMITS, maxCallsInFlight: 5 });
  });

  it('names a limit that cannot work', () => {
    expect(() => resolveLimits({ maxConnections: 0 })).to.throw(RangeError, 'maxConnections is 0');
    expect(() => resolveLimits({ maxFrameBytes: 100 })).to.throw(RangeError, 'maxFrameBytes is 100');
    expect(() => resolveLimits({ maxCallsInFlight: 1e6 })).to.throw(
      RangeError,
      'maxCallsInFlight is 1000000',
    );
    expect(() => resolveLimits({ heartbeatIntervalMs: 20_000 })).to.throw(RangeError, 'heartbeatTimeoutMs');
    expect(() => resolveLimits({ streamWindowBytes: Number.NaN })).to.throw(RangeError, 'streamWindowBytes');
  });
});
