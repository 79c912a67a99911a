import { isDeepStrictEqual } from 'node:util';
import { BusError, type Change, isBusError, type KeyedStore, type Subscription } from '../bus/bus.js';
import { type Author, type MemoryEntry, newest, nextChange } from '../memory/memory-entry.js';
import { blankHost, type HostRecord, readHostRecord } from './host-record.js';

export const HOSTS_BUCKET = 'hosts';
const MAX_ATTEMPTS = 20;
const MAX_UNKNOWN = 3;

export interface HostRecordsOptions {
  /** The bucket {@link HOSTS_BUCKET}. */
  readonly store: KeyedStore;
  /** What this daemon remembers of a host, in case that the store forgot. */
  readonly remembered: (host: string) => unknown;
  /** Unix ms. */
  readonly now: () => number;
  /** The store has taken it; what is known of the store may lag behind. */
  readonly written: (host: string, record: HostRecord) => void;
  /** A record changed, here or elsewhere; undefined: any may have. */
  readonly changed: (record: HostRecord | undefined) => void;
  /** The value of that key is no record of a host; it counts as absent and is overwritten by the next change. */
  readonly unreadable: (key: string) => void;
}

interface Known {
  readonly record: HostRecord;
  /** As it stands in the store. */
  readonly value: unknown;
  readonly revision: number;
}

/** The records of the hosts, as the store has them. */
export class HostRecords {
  readonly #options: HostRecordsOptions;
  readonly #records = new Map<string, Known>();
  #watch: Subscription | undefined;

  private constructor(options: HostRecordsOptions) {
    this.#options = options;
  }

  /** Rejects with the store's BusError. */
  static async open(options: HostRecordsOptions): Promise<HostRecords> {
    const records = new HostRecords(options);
    records.#watch = await options.store.watch((change) => records.#follow(change));
    return records;
  }

  /** Sorted by host. */
  all(): readonly HostRecord[] {
    return [...this.#records.values()]
      .map(({ record }) => record)
      .sort((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : 0));
  }

  /** As the store has them, also fields that a newer weaverd may have put there. */
  entries(): readonly MemoryEntry[] {
    return [...this.#records].map(([key, { value }]) => ({ bucket: HOSTS_BUCKET, key, value }));
  }

  /** A blank one when there is none. */
  of(host: string): HostRecord {
    return this.#records.get(host)?.record ?? blankHost(host);
  }

  /**
   * Stores what `next` makes of the newest record, with the next change number, unless it is the same. `next` may be
   * asked again, when another was faster or when it is unknown whether a write was applied, so the same once more must
   * do no harm. Resolves with what is stored. Rejects with the store's BusError.
   */
  async change(host: string, author: Author, next: (record: HostRecord) => HostRecord): Promise<HostRecord> {
    const { store, remembered, now } = this.#options;
    let unknown = 0;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const entry = await store.get(host);
      const before = this.#read(host, newest(entry?.value, remembered(host))) ?? blankHost(host);
      const wanted = { ...next(before), change: nextChange(before, author, now()) };
      if (isDeepStrictEqual({ ...wanted, change: before.change }, before)) return before;
      try {
        const revision = await store.update(host, wanted, entry?.revision ?? 0);
        this.#options.written(host, wanted);
        this.#know(wanted, revision);
        return wanted;
      } catch (reason) {
        if (isBusError(reason, 'CONFLICT')) continue;
        if (isBusError(reason, 'OUTCOME_UNKNOWN') && ++unknown < MAX_UNKNOWN) continue;
        throw reason;
      }
    }
    throw new BusError('CONFLICT', `${host} was changed by others ${MAX_ATTEMPTS} times; try again`);
  }

  close(): void {
    this.#watch?.close();
  }

  #follow(change: Change): void {
    if (change.kind === 'snapshot') {
      this.#records.clear();
      for (const { key, value, revision } of change.entries) {
        const record = this.#read(key, value);
        if (record !== undefined) this.#records.set(key, { record, value, revision });
      }
      this.#options.changed(undefined);
      return;
    }
    const known = this.#records.get(change.key);
    if (known !== undefined && known.revision >= change.revision) return;
    const record = change.kind === 'put' ? this.#read(change.key, change.value) : undefined;
    if (record === undefined) this.#records.delete(change.key);
    else if (change.kind === 'put')
      this.#records.set(change.key, { record, value: change.value, revision: change.revision });
    this.#options.changed(record ?? blankHost(change.key));
  }

  #read(key: string, value: unknown): HostRecord | undefined {
    if (value === undefined) return undefined;
    const record = readHostRecord(value);
    if (record?.host === key) return record;
    this.#options.unreadable(key);
    return undefined;
  }

  #know(record: HostRecord, revision: number): void {
    const known = this.#records.get(record.host);
    if (known !== undefined && known.revision >= revision) return;
    this.#records.set(record.host, { record, value: record, revision });
    this.#options.changed(record);
  }
}
