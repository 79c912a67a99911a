import {
  BusError,
  type Change,
  type Entry,
  encodeJson,
  type KeyedStore,
  MAX_VALUE_BYTES,
  requireKey,
  type Subscription,
} from './bus.js';
import type { KeyedLog } from './keyed-log.js';
import type { LogRecord } from './store-log.js';

/** One bucket of the local store. */
export class LocalStore implements KeyedStore {
  readonly #log: KeyedLog;
  readonly #bucket: string;
  readonly #watchers = new Set<(change: Change) => void>();

  constructor(log: KeyedLog, bucket: string) {
    this.#log = log;
    this.#bucket = bucket;
  }

  async get(key: string): Promise<Entry | undefined> {
    requireKey(key);
    const stored = this.#log.bucket(this.#bucket).get(key);
    return stored && { key, value: JSON.parse(stored.json), revision: stored.revision };
  }

  async put(key: string, value: unknown): Promise<number> {
    const json = this.#encode(key, value);
    return this.#log.write(this.#bucket, key, () => ({ json }));
  }

  create(key: string, value: unknown): Promise<number> {
    return this.update(key, value, 0);
  }

  async update(key: string, value: unknown, revision: number): Promise<number> {
    const json = this.#encode(key, value);
    return this.#log.write(this.#bucket, key, (current) => {
      this.#requireRevision(key, current?.revision, revision);
      return { json };
    });
  }

  async delete(key: string, revision?: number): Promise<void> {
    requireKey(key);
    await this.#log.write(this.#bucket, key, (current) => {
      if (revision !== undefined) this.#requireRevision(key, current?.revision, revision);
      return current === undefined ? 'keep' : 'delete';
    });
  }

  async keys(): Promise<readonly string[]> {
    return [...this.#log.bucket(this.#bucket).keys()];
  }

  async watch(handler: (change: Change) => void): Promise<Subscription> {
    for (const [key, { json, revision }] of this.#log.bucket(this.#bucket))
      handler({ kind: 'put', key, value: JSON.parse(json), revision });
    const watcher = (change: Change) => handler(change);
    this.#watchers.add(watcher);
    return { close: () => void this.#watchers.delete(watcher) };
  }

  /** Tells the watchers; returns what they threw. */
  tell({ key, revision, json }: LogRecord): unknown[] {
    const thrown: unknown[] = [];
    for (const watcher of [...this.#watchers]) {
      try {
        watcher(
          json === undefined
            ? { kind: 'deleted', key, revision }
            : { kind: 'put', key, value: JSON.parse(json), revision },
        );
      } catch (reason) {
        thrown.push(reason);
      }
    }
    return thrown;
  }

  #encode(key: string, value: unknown): string {
    requireKey(key);
    return encodeJson(`${this.#bucket}/${key}`, value, MAX_VALUE_BYTES);
  }

  #requireRevision(key: string, current: number | undefined, wanted: number): void {
    if ((current ?? 0) === wanted) return;
    const is = current === undefined ? 'there is none' : `it is at revision ${current}`;
    const expected = wanted === 0 ? 'no value' : `revision ${wanted}`;
    throw new BusError('CONFLICT', `${this.#bucket}/${key}: expected ${expected}, but ${is}`);
  }
}
