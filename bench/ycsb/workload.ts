import type { YcsbOperation } from '../operation.js';
import type { Call } from '../peers/peer.js';
import { zipfianIndices } from './zipfian.js';

/**
 * YCSB's core workloads: A is 50 % reads and 50 % updates, B 95 and 5 %, C reads only, F 50 % reads and 50 % read-modify-writes.
 * A record is YCSB's 1 KB (10 fields of 100 bytes), kept as one text, read whole and updated whole (`readallfields`,
 * `writeallfields`); a read-modify-write changes one field.
 */
export type Workload = 'a' | 'b' | 'c' | 'f';

const SHARE_OF_READS: Readonly<Record<Workload, number>> = { a: 0.5, b: 0.95, c: 1, f: 0.5 };
export const RECORDS = 100_000;
export const FIELD_LENGTH = 100;
export const RECORD_LENGTH = 10 * FIELD_LENGTH;
/** Drawn beforehand and gone through again and again, so that drawing is not what is measured. */
const DRAWN = 1 << 18;
const DIFFERENT_RECORDS = 64;
const LOADING_IN_FLIGHT = 256;

/** What is measured. */
export interface RecordStore {
  read(key: string): Promise<string | undefined>;
  update(key: string, record: string): Promise<unknown>;
  /** Reads a record, puts the field in at `at`, and writes it back, such that no update by others is lost. Resolves with the record. */
  modify(key: string, at: number, field: string): Promise<string | undefined>;
}

export async function loadRecords(store: RecordStore): Promise<void> {
  const records = differentRecords();
  let next = 0;
  const load = async () => {
    while (next < RECORDS) {
      const index = next++;
      await store.update(keyOf(index), recordAt(records, index));
    }
  };
  await Promise.all(Array.from({ length: LOADING_IN_FLIGHT }, load));
}

const WORKLOADS: Readonly<Record<YcsbOperation, Workload>> = {
  'ycsb-a': 'a',
  'ycsb-b': 'b',
  'ycsb-c': 'c',
  'ycsb-f': 'f',
  'ycsb-f-script': 'f',
};

/** Rejects when what is read is no record. */
export function ycsbCall(store: RecordStore, operation: YcsbOperation): Call {
  const workload = WORKLOADS[operation];
  const keys = zipfianIndices(DRAWN, RECORDS).map(keyOf);
  const records = differentRecords();
  const fields = records.map((record) => record.slice(0, FIELD_LENGTH));
  const reads = SHARE_OF_READS[workload];
  let drawn = 0;
  return {
    kind: 'promise',
    async call() {
      const key = keys[drawn++ % DRAWN] ?? '';
      if (Math.random() < reads) return checkRecord(key, await store.read(key));
      if (workload !== 'f') return store.update(key, recordAt(records, drawn));
      const at = FIELD_LENGTH * (drawn % (RECORD_LENGTH / FIELD_LENGTH));
      return checkRecord(key, await store.modify(key, at, recordAt(fields, drawn)));
    },
  };
}

function checkRecord(key: string, record: string | undefined): void {
  if (record?.length !== RECORD_LENGTH)
    throw new Error(`the record ${key} has ${record?.length} characters, not ${RECORD_LENGTH}`);
}

function keyOf(index: number): string {
  return `user${String(index).padStart(8, '0')}`;
}

function recordAt(records: readonly string[], index: number): string {
  return records[index % records.length] ?? '';
}

function differentRecords(): readonly string[] {
  return Array.from({ length: DIFFERENT_RECORDS }, () =>
    Array.from({ length: RECORD_LENGTH }, () => Math.floor(Math.random() * 36).toString(36)).join(''),
  );
}
