import { expect } from 'chai';
import { once } from '../in-flight.js';
import type { YcsbOperation } from '../operation.js';
import { loadRecords, RECORD_LENGTH, RECORDS, type RecordStore, ycsbCall } from './workload.js';

class CountingStore implements RecordStore {
  readonly records = new Map<string, string>();
  readonly counts = { read: 0, update: 0, modify: 0 };

  async read(key: string): Promise<string | undefined> {
    this.counts.read++;
    return this.records.get(key);
  }

  async update(key: string, record: string): Promise<void> {
    this.counts.update++;
    this.records.set(key, record);
  }

  async modify(key: string, at: number, field: string): Promise<string | undefined> {
    this.counts.modify++;
    const record = this.records.get(key) ?? '';
    const changed = record.slice(0, at) + field + record.slice(at + field.length);
    this.records.set(key, changed);
    return changed;
  }
}

describe('bench YCSB workloads', () => {
  const store = new CountingStore();
  before(() => loadRecords(store));
  const shares = async (operation: YcsbOperation) => {
    Object.assign(store.counts, { read: 0, update: 0, modify: 0 });
    const call = ycsbCall(store, operation);
    for (let i = 0; i < 4000; i++) await once(call);
    return store.counts;
  };

  it('load every record', () => {
    expect(store.records.size).to.equal(RECORDS);
    for (const record of store.records.values()) expect(record.length).to.equal(RECORD_LENGTH);
  });

  it('mix reads, updates and read-modify-writes as YCSB does', async () => {
    // Of 4000 draws with p = 0.5, ten standard deviations are 316.
    const half = [1684, 2316] as const;
    expect((await shares('ycsb-a')).read).to.be.within(...half);
    expect(store.counts.update).to.equal(4000 - store.counts.read);
    expect((await shares('ycsb-b')).update).to.be.within(62, 338);
    expect((await shares('ycsb-c')).read).to.equal(4000);
    expect((await shares('ycsb-f')).read).to.be.within(...half);
    expect(store.counts.modify).to.equal(4000 - store.counts.read);
    for (const record of store.records.values()) expect(record.length).to.equal(RECORD_LENGTH);
  });

  it('fail on what is no record', async () => {
    store.records.clear();
    const failed = await once(ycsbCall(store, 'ycsb-c')).then(
      () => 'it did not fail',
      (reason: Error) => reason.message,
    );
    expect(failed).to.match(/has undefined characters, not 1000/);
  });
});
