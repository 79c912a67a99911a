import { expect } from 'chai';
import { BusError, type Change, type Entry, type KeyedStore } from '../bus/bus.js';
import { declaredDead, drained, type HostRecord, labelled, removed } from './host-record.js';
import { HostRecords } from './host-records.js';

/** A bucket in memory; `fails` may fail an update, before or after it was applied. */
class Bucket implements KeyedStore {
  readonly entries = new Map<string, Entry>();
  readonly watchers = new Set<(change: Change) => void>();
  fails: (() => { readonly applied: boolean; readonly error: BusError } | undefined) | undefined;
  #revision = 0;

  async get(key: string) {
    return this.entries.get(key);
  }
  async put(key: string, value: unknown) {
    return this.#set(key, value);
  }
  create(key: string, value: unknown) {
    return this.update(key, value, 0);
  }
  async update(key: string, value: unknown, revision: number) {
    if ((this.entries.get(key)?.revision ?? 0) !== revision) throw new BusError('CONFLICT', key);
    const failure = this.fails?.();
    if (failure !== undefined && !failure.applied) throw failure.error;
    const set = this.#set(key, value);
    if (failure !== undefined) throw failure.error;
    return set;
  }
  async delete(key: string) {
    this.entries.delete(key);
    for (const watcher of this.watchers) watcher({ kind: 'deleted', key, revision: ++this.#revision });
  }
  async keys() {
    return [...this.entries.keys()];
  }
  async watch(handler: (change: Change) => void) {
    handler({ kind: 'snapshot', entries: [...this.entries.values()] });
    this.watchers.add(handler);
    return { close: () => void this.watchers.delete(handler) };
  }
  #set(key: string, value: unknown): number {
    const entry = { key, value: JSON.parse(JSON.stringify(value)), revision: ++this.#revision };
    this.entries.set(key, entry);
    for (const watcher of this.watchers) watcher({ kind: 'put', ...entry });
    return entry.revision;
  }
}

describe('HostRecords', () => {
  let bucket: Bucket;
  let unreadable: string[];

  beforeEach(() => {
    bucket = new Bucket();
    unreadable = [];
    remembered = () => undefined;
  });

  let remembered: (host: string) => unknown;

  function open(changed: (record: HostRecord | undefined) => void = () => undefined): Promise<HostRecords> {
    return HostRecords.open({
      store: bucket,
      remembered,
      now: () => 0,
      written: () => undefined,
      changed,
      unreadable: (key) => unreadable.push(key),
    });
  }

  it('keeps deaths, drains, removals and labels, with rising change numbers, for the next leader', async () => {
    const records = await open();
    await records.change('a', 'leader', (record) => declaredDead(record, 100));
    await records.change('a', 'leader', (record) => drained(record, true));
    await records.change('a', 'leader', (record) => declaredDead(record, 50));
    await records.change('b', 'leader', (record) => labelled(removed(record), { zone: 'z' }));
    records.close();
    expect(bucket.watchers.size).to.equal(0);
    expect((await open()).all()).to.deep.equal([
      {
        host: 'a',
        change: 2,
        deadUpTo: 100,
        draining: true,
        removed: false,
        labels: undefined,
        facts: undefined,
      },
      {
        host: 'b',
        change: 1,
        deadUpTo: 0,
        draining: false,
        removed: true,
        labels: { zone: 'z' },
        facts: undefined,
      },
    ]);
  });

  it('lets a removed host in again when it is undrained', async () => {
    const records = await open();
    await records.change('a', 'leader', removed);
    const { removed: isRemoved, draining } = await records.change('a', 'leader', (record) =>
      drained(record, false),
    );
    expect([isRemoved, draining]).to.deep.equal([false, false]);
  });

  it('sees what others changed, and a store that came back empty', async () => {
    const told: (string | undefined)[] = [];
    const records = await open((record) => told.push(record?.host));
    await (await open()).change('a', 'leader', (record) => drained(record, true));
    expect(records.of('a').draining).to.equal(true);
    await bucket.delete('a');
    expect(records.of('a').draining).to.equal(false);
    await (await open()).change('a', 'leader', (record) => drained(record, true));
    for (const watcher of bucket.watchers) watcher({ kind: 'snapshot', entries: [] });
    expect(records.all()).to.deep.equal([]);
    expect(told).to.deep.equal([undefined, 'a', 'a', 'a', undefined]);
  });

  it('changes what is remembered when the store came back older', async () => {
    const before = await (await open()).change('a', 'leader', (record) => declaredDead(record, 100));
    remembered = () => before;
    await bucket.delete('a');
    const after = await (await open()).change('a', 'leader', (record) => drained(record, true));
    expect(after).to.include({ deadUpTo: 100, draining: true, change: 2 });
  });

  it('reads back a write of unknown outcome, whether it was applied or not', async () => {
    const records = await open();
    for (const applied of [true, false]) {
      let failures = 1;
      bucket.fails = () =>
        failures-- > 0 ? { applied, error: new BusError('OUTCOME_UNKNOWN', 'late') } : undefined;
      const host = applied ? 'a' : 'b';
      expect((await records.change(host, 'leader', (record) => declaredDead(record, 7))).change).to.equal(1);
      expect(records.of(host).deadUpTo).to.equal(7);
    }
  });

  it('gives up when the outcome stays unknown, and on any other failure', async () => {
    const records = await open();
    for (const code of ['OUTCOME_UNKNOWN', 'UNAVAILABLE'] as const) {
      bucket.fails = () => ({ applied: false, error: new BusError(code, 'gone') });
      const reason: unknown = await records
        .change('a', 'leader', (record) => drained(record, true))
        .catch((thrown) => thrown);
      expect(reason).to.have.property('code', code);
    }
  });

  it('tries again when another was faster', async () => {
    const [one, other] = [await open(), await open()];
    await Promise.all([
      one.change('a', 'leader', (record) => drained(record, true)),
      other.change('a', 'leader', (record) => declaredDead(record, 9)),
    ]);
    expect(one.of('a')).to.include({ draining: true, deadUpTo: 9, change: 2 });
  });

  it('names what is no record, and writes over it', async () => {
    await bucket.put('a', { host: 'a', change: 'x' });
    const records = await open();
    expect([records.all(), unreadable]).to.deep.equal([[], ['a']]);
    await records.change('a', 'leader', (record) => drained(record, true));
    expect(records.of('a').draining).to.equal(true);
  });
});
