import { expect } from 'chai';
import { TrafficMaker } from './traffic.js';
import { seeded, Zipf } from './zipf.js';

const SPACE = 2 ** 32;

describe('bench routing: traffic', () => {
  const maker = new TrafficMaker(2000);

  it('draws ranks as often as Zipf says', () => {
    const zipf = new Zipf(100, 0.99);
    const random = seeded(1);
    const drawn = new Array<number>(100).fill(0);
    for (let call = 0; call < 100_000; call++) {
      const rank = zipf.rankAt(random());
      drawn[rank] = (drawn[rank] ?? 0) + 1;
    }
    for (const rank of [0, 1, 10, 99])
      expect((drawn[rank] ?? 0) / 100_000).to.be.closeTo(zipf.shareOf(rank), 0.006);
  });

  it('says of each part of the space how much is drawn there', () => {
    for (const traffic of [maker.zipf(), maker.zipf(700), maker.hotSpot(0.4)]) {
      const random = seeded(2);
      const drawn = new Array<number>(64).fill(0);
      for (let call = 0; call < 100_000; call++) {
        const part = Math.floor((traffic.draw(random) / SPACE) * 64);
        drawn[part] = (drawn[part] ?? 0) + 1;
      }
      expect(traffic.keys.within(0, SPACE)).to.be.closeTo(1, 1e-9);
      for (const [part, calls] of drawn.entries())
        expect(calls / 100_000).to.be.closeTo(
          traffic.keys.within((part * SPACE) / 64, ((part + 1) * SPACE) / 64),
          0.006,
        );
    }
  });

  it('makes other keys the hot ones with another shift', () => {
    const hottest = (shift: number) => {
      const hash = maker.zipf(shift).draw(() => 0);
      return { hash, share: maker.zipf(shift).keys.within(hash, hash + 1) };
    };
    expect(hottest(700).share).to.be.closeTo(hottest(0).share, 1e-9);
    expect(hottest(0).share).to.be.greaterThan(0.1);
    expect(hottest(700).hash).to.not.equal(hottest(0).hash);
  });
});
