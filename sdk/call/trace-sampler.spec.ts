import { expect } from 'chai';
import { TraceSampler } from './trace-sampler.js';

describe('TraceSampler', () => {
  it('samples one trace in a hundred', () => {
    let next = 0;
    let now = 0;
    const sampler = new TraceSampler(
      () => (next++ % 1_000) / 1_000,
      () => now,
    );
    let sampled = 0;
    for (let trace = 0; trace < 10_000; trace++) {
      now += 1;
      if (sampler.sample()) sampled++;
    }
    expect(sampled).to.equal(100);
  });

  it('samples no more than a hundred a second, however many begin', () => {
    let now = 0;
    const sampler = new TraceSampler(
      () => 0,
      () => now,
    );
    const sampledOf = (traces: number) => {
      let sampled = 0;
      for (let trace = 0; trace < traces; trace++) if (sampler.sample()) sampled++;
      return sampled;
    };
    expect(sampledOf(5_000)).to.equal(100);
    now = 999;
    expect(sampledOf(5_000)).to.equal(0);
    now = 1_000;
    expect(sampledOf(5_000)).to.equal(100);
  });
});
