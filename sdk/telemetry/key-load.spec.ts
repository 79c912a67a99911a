import { expect } from 'chai';
import fc from 'fast-check';
import type { KeyLoad } from '../protocol/control.js';
import { HeavyHitters } from './heavy-hitters.js';
import { KeyLoadMeter } from './key-load.js';
import { UnhurriedTime } from './unhurried-time.js';

const sum = (keys: KeyLoad | undefined) =>
  [...(keys?.loads ?? []), ...(keys?.hotKeys.map(({ load }) => load) ?? [])].reduce(
    (all, load) => all + load,
    0,
  );

describe('KeyLoadMeter', () => {
  it('tells the load per second, from the first report on, and forgets it by halves', () => {
    const meter = new KeyLoadMeter('Cart', 0, () => 0.5);
    expect(meter.take(1)).to.equal(undefined);
    let told: KeyLoad | undefined;
    for (let second = 1; second <= 5; second++) {
      for (let call = 0; call < 100; call++) meter.count((call * 2 ** 32) / 100, 2);
      told = meter.take(second * 1000);
      expect(sum(told)).to.be.within(150, 250);
    }
    const before = sum(told);
    expect(sum(meter.take(15_000))).to.be.within(before * 0.15, before * 0.55);
    expect(meter.take(400_000)).to.equal(undefined);
  });

  it('names a hot key with its share, and counts it nowhere else', () => {
    let turn = 0;
    const meter = new KeyLoadMeter('Cart', 0, () => (++turn * 0.618034) % 1);
    const hot = 0xdead_beef;
    for (let call = 0; call < 20_000; call++)
      meter.count(call % 4 === 0 ? hot : Math.imul(call, 0x9e37_79b1) >>> 0, 1);
    const told = meter.take(1000);
    expect(told?.hotKeys[0]?.hash).to.equal(hot);
    expect((told?.hotKeys[0]?.load ?? 0) / sum(told)).to.be.within(0.15, 0.3);
    const bucket = told?.buckets.indexOf(hot >>> (32 - (told?.bits ?? 0))) ?? -1;
    expect(told?.loads[bucket] ?? 0).to.be.lessThan((told?.hotKeys[0]?.load ?? 0) / 3);
  });

  it('is bounded, and tells no load twice, whatever the calls', () => {
    const calls = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.double({ min: 0.02, max: 100, noNaN: true })),
      { minLength: 1, maxLength: 3000 },
    );
    fc.assert(
      fc.property(calls, (all) => {
        const meter = new KeyLoadMeter('Cart', 0, () => 0.3);
        for (const [hash, ms] of all) meter.count(hash, ms);
        const told = meter.take(10);
        expect(told?.buckets.length).to.equal(told?.loads.length);
        expect(told?.buckets.length).to.be.at.most(512);
        expect(told?.hotKeys.length).to.be.at.most(64);
        const total = all.reduce((ms, each) => ms + each[1], 0) * 100;
        expect(sum(told)).to.be.within(total * 0.9, total * 1.1);
      }),
      { numRuns: 40 },
    );
  });
});

describe('HeavyHitters', () => {
  it('never says more of a key than there was, and finds every key above its share', () => {
    const keys = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 2000 });
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 20 }), (all, capacity) => {
        const sketch = new HeavyHitters(capacity);
        const counts = new Map<number, number>();
        for (const key of all) {
          sketch.add(key, 1);
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
        const found = new Map(sketch.above(-1).map(({ hash, weight }) => [hash, weight]));
        expect(found.size).to.be.at.most(capacity);
        for (const [hash, weight] of found) expect(weight).to.be.at.most(counts.get(hash) ?? 0);
        for (const [hash, count] of counts)
          if (count > all.length / capacity) expect(found.has(hash)).to.equal(true);
      }),
    );
  });
});

describe('UnhurriedTime', () => {
  it('stays near the quick calls of a method, and follows when all become slower', () => {
    const time = new UnhurriedTime();
    expect(time.ms).to.be.lessThan(0.1);
    for (let call = 0; call < 300; call++) time.took(call % 5 === 0 ? 30 : 2);
    expect(time.ms).to.be.within(1.9, 5);
    for (let call = 0; call < 300; call++) time.took(20);
    expect(time.ms).to.be.within(18, 20);
    for (let call = 0; call < 1000; call++) time.took(60_000);
    expect(time.ms).to.be.at.most(100);
  });
});
