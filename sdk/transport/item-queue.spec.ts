import { expect } from 'chai';
import fc from 'fast-check';
import { ItemQueue } from './item-queue.js';

describe('ItemQueue', () => {
  it('gives items in the order in which they came, with their bytes, through any growth', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -40, max: 40 })), (moves) => {
        const queue = new ItemQueue();
        const expected: number[] = [];
        let pushed = 0;
        for (const move of moves) {
          for (let i = 0; i < move; i++) {
            queue.push(`item ${pushed}`, pushed);
            expected.push(pushed++);
          }
          for (let i = 0; i > move; i--) {
            expect(queue.firstBytes).to.equal(expected[0] ?? 0);
            const next = expected.shift();
            expect(queue.shift()).to.equal(next === undefined ? undefined : `item ${next}`);
          }
          expect(queue.size).to.equal(expected.length);
        }
        queue.clear();
        expect([queue.size, queue.shift()]).to.deep.equal([0, undefined]);
      }),
    );
  });
});
