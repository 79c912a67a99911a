import { expect } from 'chai';
import fc from 'fast-check';
import { RingBuffer } from './ring-buffer.js';

describe('RingBuffer', () => {
  it('holds the newest items within both bounds, in order (against a plain array)', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 400 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 500 }),
        weights,
        (items, weight, all) => {
          const ring = new RingBuffer<number>(items, weight);
          const plain: number[] = [];
          all.forEach((each, index) => {
            ring.push(index, each);
            plain.push(index);
            const total = () => plain.reduce((sum, kept) => sum + (all[kept] ?? 0), 0);
            while (plain.length > items || (plain.length > 1 && total() > weight)) plain.shift();
          });
          expect([...ring.oldestFirst()]).to.deep.equal(plain);
          expect([...ring.newestFirst()]).to.deep.equal([...plain].reverse());
          expect(ring.size).to.equal(plain.length);
        },
      ),
    );
  });
});
