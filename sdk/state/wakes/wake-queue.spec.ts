import { expect } from 'chai';
import fc from 'fast-check';
import { WakeQueue } from './wake-queue.js';

describe('queue of reminders', () => {
  it('has what a sorted map would have, whatever is set and deleted', () => {
    const key = fc.constantFrom(...'abcdefghijklmnop');
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant('set' as const), key, at: fc.integer() }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('pop' as const) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new WakeQueue();
        const model = new Map<string, number>();
        for (const each of steps) {
          if (each.do === 'set') {
            queue.set(each.key, each.at);
            model.set(each.key, each.at);
          } else if (each.do === 'delete') expect(queue.delete(each.key)).to.equal(model.delete(each.key));
          else {
            const next = queue.peek();
            if (next === undefined) continue;
            expect(next.at).to.equal(model.get(next.key));
            queue.delete(next.key);
            model.delete(next.key);
          }
          expect(queue.size).to.equal(model.size);
          expect(queue.peek()?.at).to.equal(model.size === 0 ? undefined : Math.min(...model.values()));
          for (const [known, at] of model) expect(queue.timeOf(known)).to.equal(at);
        }
      }),
    );
  });
});
