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
import { type KeyedLog, messageOf } from './keyed-log.js';
import type { LogRecord } from './store-log.js';

/** One bucket of the local store. */
export class LocalStore implements KeyedStore {
  readonly #log: KeyedLog;
  readonly #bucket: string;
  readonly #watchers = new Set<(change: Change) => void>();

  readonly #report: (problem: string) => void;

  /** `report` is told what a watch's handler threw. */
  constructor(log: KeyedLog, bucket: string, report: (problem: string) => void) {
    this.#log = log;
    this.#bucket = bucket;
    this.#report = report;
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
    const entries = [...this.#log.bucket(this.#bucket)].map(([key, { json, revision }]): Entry => {
      return { key, value: JSON.parse(json), revision };
    });
    const watcher = (change: Change) => {
      try {
        handler(change);
      } catch (reason) {
        const what = change.kind === 'snapshot' ? this.#bucket : `${this.#bucket}/${change.key}`;
        this.#report(`a watch of ${what} failed: ${messageOf(reason)}`);
      }
    };
    watcher({ kind: 'snapshot', entries });
    this.#watchers.add(watcher);
    return { close: () => void this.#watchers.delete(watcher) };
  }

  tell({ key, revision, json }: LogRecord): void {
    for (const watcher of [...this.#watchers])
      watcher(
        json === undefined
          ? { kind: 'deleted', key, revision }
          : { kind: 'put', key, value: JSON.parse(json), revision },
      );
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
