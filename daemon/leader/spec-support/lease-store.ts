import { BusError, type Change, type Entry, type KeyedStore, type Subscription } from '../../bus/bus.js';

export type Fault = 'none' | 'lose-request' | 'lose-answer' | 'unknown-outcome';

/** One bucket in memory, whose operations can be made to fail. */
export class LeaseStore implements KeyedStore {
  fault: Fault = 'none';
  writes = 0;
  #entries = new Map<string, Entry>();
  #revision = 0;
  readonly #watchers = new Set<(change: Change) => void>();

  /** As a bucket that was lost and made again. */
  rebuild(): void {
    this.#entries = new Map();
    this.#revision = 0;
  }

  async get(key: string): Promise<Entry | undefined> {
    await this.#before();
    const entry = this.#entries.get(key);
    return this.#after(entry);
  }

  put(key: string, value: unknown): Promise<number> {
    return this.#write(key, value, undefined);
  }

  create(key: string, value: unknown): Promise<number> {
    return this.#write(key, value, 0);
  }

  update(key: string, value: unknown, revision: number): Promise<number> {
    return this.#write(key, value, revision);
  }

  async delete(key: string): Promise<void> {
    await this.#before();
    this.#entries.delete(key);
    for (const watcher of this.#watchers) watcher({ kind: 'deleted', key, revision: ++this.#revision });
  }

  async keys(): Promise<readonly string[]> {
    return [...this.#entries.keys()];
  }

  async watch(handler: (change: Change) => void): Promise<Subscription> {
    handler({ kind: 'snapshot', entries: [...this.#entries.values()] });
    this.#watchers.add(handler);
    return { close: () => void this.#watchers.delete(handler) };
  }

  async #write(key: string, value: unknown, revision: number | undefined): Promise<number> {
    await this.#before();
    if (revision !== undefined && (this.#entries.get(key)?.revision ?? 0) !== revision)
      throw new BusError('CONFLICT', `${key} is not at ${revision}`);
    this.writes++;
    this.#revision++;
    const entry = { key, value: structuredClone(value), revision: this.#revision };
    this.#entries.set(key, entry);
    for (const watcher of this.#watchers) watcher({ kind: 'put', ...entry });
    return this.#after(entry.revision);
  }

  async #before(): Promise<void> {
    if (this.fault === 'lose-request') await new Promise(() => undefined);
  }

  async #after<T>(answer: T): Promise<T> {
    if (this.fault === 'lose-answer') await new Promise(() => undefined);
    if (this.fault === 'unknown-outcome') throw new BusError('OUTCOME_UNKNOWN', 'no answer');
    return answer;
  }
}
