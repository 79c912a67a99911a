import { expect } from 'chai';
import fc from 'fast-check';
import { CallTable } from './call-table.js';

describe('CallTable', () => {
  it('finds each call under its id, and nothing under an id of an earlier use', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(7), { nil: undefined }), { maxLength: 200 }), (steps) => {
        const table = new CallTable<{ readonly name: number }>(8);
        const live = new Map<number, { readonly name: number }>();
        const dead = new Set<number>();
        steps.forEach((remove, name) => {
          if (remove === undefined && !table.full) {
            const entry = { name };
            const id = table.add(entry);
            expect(live.has(id) || dead.has(id), 'id is new').to.equal(false);
            live.set(id, entry);
          } else if (remove !== undefined) {
            const id = [...live.keys()][remove];
            if (id === undefined) return;
            expect(table.remove(id)).to.equal(live.get(id));
            live.delete(id);
            dead.add(id);
          }
          for (const [id, entry] of live) expect(table.get(id)).to.equal(entry);
          for (const id of dead) {
            expect(table.get(id)).to.equal(undefined);
            expect(table.remove(id)).to.equal(undefined);
          }
          expect(table.size).to.equal(live.size);
        });
      }),
    );
  });

  it('is bounded', () => {
    const table = new CallTable<string>(2);
    table.add('a');
    table.add('b');
    expect(table.full).to.equal(true);
    expect(() => table.add('c')).to.throw(RangeError, 'all 2 call slots');
  });

  it('gives ids within 31 bits that are never 0, also when generations wrap', () => {
    const table = new CallTable<string>(1);
    const ids = new Set<number>();
    for (let i = 0; i < 2 ** 16 + 10; i++) {
      const id = table.add('x');
      expect(id > 0 && id < 2 ** 31).to.equal(true);
      expect(table.get(id)).to.equal('x');
      table.remove(id);
      ids.add(id);
    }
    expect(ids.size).to.equal(2 ** 15 - 1);
  });
});
