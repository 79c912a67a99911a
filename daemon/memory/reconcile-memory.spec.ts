import { expect } from 'chai';
import fc from 'fast-check';
import { changeOf, digestOf, isTombstone, type MemoryEntry, tombstone } from './memory-entry.js';
import { readEntries, readSummary, summarize, wantedContents } from './memory-summary.js';
import { reconcileMemory, type Survivor } from './reconcile-memory.js';

function entry(key: string, change: number, content = `${key} at ${change}`): MemoryEntry {
  return { bucket: 'apps', key, value: { app: key, content, change } };
}

function removed(key: string, change: number): MemoryEntry {
  return { bucket: 'apps', key, value: tombstone(change, 1) };
}

describe('reconcileMemory', () => {
  it('leaves a store alone that is as new as the survivors, or newer', () => {
    const survivors = [
      { host: 'a', entries: [entry('shop', 4), entry('blog', 1)] },
      { host: 'b', entries: [entry('shop', 3)] },
    ];
    const { restore, splits, events } = reconcileMemory([entry('shop', 4), entry('blog', 2)], survivors);
    expect({ restore, splits, events }).to.deep.equal({ restore: [], splits: [], events: [] });
  });

  it('gives an emptied store the newest of each record', () => {
    const survivors = [
      { host: 'b', entries: [entry('shop', 7), entry('blog', 1)] },
      { host: 'a', entries: [entry('shop', 5)] },
    ];
    const { restore, events } = reconcileMemory([], survivors);
    expect(restore).to.deep.equal([
      {
        bucket: 'apps',
        key: 'blog',
        value: { app: 'blog', content: 'blog at 1', change: 1 },
        storedDigest: undefined,
      },
      {
        bucket: 'apps',
        key: 'shop',
        value: { app: 'shop', content: 'shop at 7', change: 7 },
        storedDigest: undefined,
      },
    ]);
    expect(events).to.deep.equal([
      'apps/blog was missing from the store: what b remembers (change 1) was written back',
      'apps/shop was missing from the store: what b remembers (change 7) was written back',
    ]);
  });

  it('gives a store that was rolled back what it had lost', () => {
    const { restore, events } = reconcileMemory(
      [entry('shop', 3)],
      [{ host: 'a', entries: [entry('shop', 4)] }],
    );
    expect(restore).to.have.length(1);
    expect(restore[0]).to.include({ storedDigest: digestOf(entry('shop', 3).value) });
    expect(events[0]).to.include('was at change 3 in the store');
  });

  it('does not bring back what was removed', () => {
    const survivors = [
      { host: 'a', entries: [removed('shop', 6)] },
      { host: 'b', entries: [entry('shop', 5)] },
    ];
    const [restored] = reconcileMemory([], survivors).restore;
    expect(restored?.value).to.deep.equal(tombstone(6, 1));
    expect(reconcileMemory([removed('shop', 6)], survivors).restore).to.deep.equal([]);
  });

  it("keeps the store's content of a split, and says so", () => {
    const survivors = [{ host: 'a', entries: [entry('shop', 4, 'other')] }];
    const { restore, splits, events } = reconcileMemory([entry('shop', 4)], survivors);
    expect(restore[0]?.value).to.deep.equal({ app: 'shop', content: 'shop at 4', change: 5 });
    expect(splits).to.deep.equal([{ bucket: 'apps', key: 'shop' }]);
    expect(events).to.deep.equal([
      "apps/shop: a had other contents of the same change; the store's content (change 4) was kept, as change 5",
    ]);
  });

  it('lets what a host remembers that slept win, when it is newer', () => {
    const [first] = reconcileMemory([], [{ host: 'a', entries: [entry('shop', 4)] }]).restore;
    const late = [{ host: 'b', entries: [entry('shop', 5)] }];
    const [second] = reconcileMemory(first === undefined ? [] : [first], late).restore;
    expect(second?.value).to.deep.equal({ app: 'shop', content: 'shop at 5', change: 5 });
  });

  const anyEntry = fc
    .record({
      key: fc.constantFrom('x', 'y', 'z'),
      change: fc.nat(5),
      content: fc.constantFrom('p', 'q', '-'),
    })
    .map(({ key, change, content }) =>
      content === '-' ? removed(key, change) : entry(key, change, content),
    );
  const anyEntries = fc.uniqueArray(anyEntry, { selector: ({ key }) => key, maxLength: 3 });
  const anySurvivors = fc
    .array(anyEntries, { maxLength: 5 })
    .map((lists) => lists.map((entries, index): Survivor => ({ host: `h${index}`, entries })));

  it('ends above all survivors, brings back nothing removed, and is done in one go, for any of them', () => {
    fc.assert(
      fc.property(anyEntries, anySurvivors, (stored, survivors) => {
        const { restore } = reconcileMemory(stored, survivors);
        const after = apply(stored, restore);
        for (const { key } of [...stored, ...survivors.flatMap(({ entries }) => entries)]) {
          const copies = [...stored, ...survivors.flatMap(({ entries }) => entries)].filter(
            (copy) => copy.key === key,
          );
          const newest = Math.max(...copies.map(({ value }) => changeOf(value)));
          const final = after.find((copy) => copy.key === key);
          expect(changeOf(final?.value)).to.be.at.least(newest);
          const isRemoved = copies
            .filter(({ value }) => changeOf(value) === newest)
            .every(({ value }) => isTombstone(value));
          if (isRemoved) expect(isTombstone(final?.value)).to.equal(true);
        }
        expect(reconcileMemory(after, survivors).restore).to.deep.equal([]);
      }),
    );
  });

  it('decides the same in any order of the survivors, and from the wanted contents alone', () => {
    fc.assert(
      fc.property(anyEntries, anySurvivors, (stored, survivors) => {
        const decided = reconcileMemory(stored, survivors);
        expect(reconcileMemory(stored, [...survivors].reverse())).to.deep.equal(decided);
        const summaries = survivors.map(({ host, entries }) => ({ host, summary: summarize(entries) }));
        const wanted = wantedContents(summarize(stored), summaries);
        const asked = survivors.map(({ host, entries }) => ({
          host,
          entries: entries.filter(({ key }) => wanted.get(host)?.some((id) => id.key === key)),
        }));
        expect(asked.flatMap(({ entries }) => entries)).to.have.length.at.most(6);
        expect(reconcileMemory(stored, asked)).to.deep.equal(decided);
      }),
    );
  });
});

describe('a summary', () => {
  it('is the same for the same entries in any order, and arrives as it was sent', () => {
    const entries = [entry('a', 1), removed('b', 2)];
    const summary = summarize(entries);
    expect(summarize([...entries].reverse())).to.deep.equal(summary);
    expect(readSummary(JSON.parse(JSON.stringify(summary)))).to.deep.equal(summary);
    expect(summary.records[0]?.digest).to.equal(digestOf(entries[0]?.value));
    expect(summarize([entry('a', 2), removed('b', 2)]).digest).to.not.equal(summary.digest);
  });

  it('is refused when it is none, or does not fit its digest', () => {
    const { digest, records } = summarize([entry('a', 1), entry('b', 1)]);
    for (const wrong of [
      null,
      { digest, records: records.slice(1) },
      { digest, records: [...records, ...records] },
      { digest, records: [{ ...records[0], change: 1.5 }] },
      { digest: 7, records },
    ])
      expect(readSummary(wrong)).to.equal(undefined);
    for (const wrong of [null, [null], [{ bucket: 'apps', key: 'a' }], [{ bucket: '', key: 'a', value: 1 }]])
      expect(readEntries(wrong)).to.equal(undefined);
  });
});

function apply(stored: readonly MemoryEntry[], restored: readonly MemoryEntry[]): readonly MemoryEntry[] {
  const byKey = new Map(
    [...stored, ...restored].map(({ bucket, key, value }) => [key, { bucket, key, value }]),
  );
  return [...byKey.values()];
}
