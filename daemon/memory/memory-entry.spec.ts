import { expect } from 'chai';
import fc from 'fast-check';
import {
  changeOf,
  digestOf,
  isChange,
  isTombstone,
  newest,
  nextChange,
  surplusTombstones,
  tombstone,
} from './memory-entry.js';

describe('a remembered record', () => {
  it('says by its change how new it is', () => {
    const values = [undefined, null, 'text', {}, { change: -1 }, { change: 7 }, tombstone(8, 0)];
    expect(values.map(changeOf)).to.deep.equal([-1, 0, 0, 0, 0, 7, 8]);
    expect(values.map(isTombstone)).to.deep.equal([false, false, false, false, false, false, true]);
  });

  it('is changed from the newest of what the store has and what is remembered', () => {
    expect(nextChange(newest(undefined, undefined), 'leader', 0)).to.equal(1);
    expect(newest({ change: 2 }, { change: 7 })).to.deep.equal({ change: 7 });
    expect(newest({ change: 7, of: 'store' }, { change: 7 })).to.have.property('of', 'store');
    expect(nextChange(newest({ change: 6 }, tombstone(7, 0)), 'leader', 0)).to.equal(8);
  });

  it('is newer by one request of a user than by all notes of leaders, also when time stands still', () => {
    let noted: unknown = { change: nextChange(undefined, 'user', 1_700_000_000_000) };
    const requested = { change: nextChange(noted, 'user', 0) };
    for (let note = 0; note < 1000; note++) noted = { change: nextChange(noted, 'leader', 0) };
    expect(newest(noted, requested)).to.equal(requested);
    expect(nextChange(requested, 'leader', 0)).to.equal(requested.change + 1);
    expect(nextChange(noted, 'user', 0)).to.equal(requested.change);
  });

  it('is newer by the later request, though its author knew nothing of the other', () => {
    const noted = { change: nextChange({ change: nextChange(undefined, 'user', 1000) }, 'leader', 1100) };
    expect(nextChange(undefined, 'user', 1200)).to.be.greaterThan(noted.change);
    expect(isChange(nextChange(undefined, 'user', Date.UTC(2100, 0)))).to.equal(true);
  });

  it('has one digest, whatever the order of its fields', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(digestOf(reversed)).to.equal(digestOf(value));
      }),
    );
    expect(digestOf({ a: [1, 2] })).to.not.equal(digestOf({ a: [2, 1] }));
    expect(digestOf({ a: undefined })).to.equal(digestOf({}));
  });

  it('loses the oldest tombstones of each bucket, when they are too many', () => {
    const entries = [3, 1, 2].flatMap((removedAt) =>
      ['apps', 'hosts'].map((bucket) => ({ bucket, key: `k${removedAt}`, value: tombstone(1, removedAt) })),
    );
    expect(surplusTombstones([...entries, { bucket: 'apps', key: 'kept', value: {} }], 2)).to.deep.equal([
      { bucket: 'apps', key: 'k1' },
      { bucket: 'hosts', key: 'k1' },
    ]);
  });
});
