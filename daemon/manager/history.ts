import type { HistoryEntry } from '../api/api-types.js';
import { BusError, type KeyedStore } from '../bus/bus.js';

const MAX_ENTRIES = 50;
const MAX_ATTEMPTS = 50;

/** What was deployed and stopped, per app; in the store. */
export class History {
  readonly #store: KeyedStore;

  constructor(store: KeyedStore) {
    this.#store = store;
  }

  /** Newest first. */
  async of(app: string): Promise<readonly HistoryEntry[]> {
    return ((await this.#store.get(app))?.value ?? []) as readonly HistoryEntry[];
  }

  async add(entry: HistoryEntry): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const before = await this.#store.get(entry.app);
      const entries = [entry, ...((before?.value ?? []) as readonly HistoryEntry[])].slice(0, MAX_ENTRIES);
      try {
        await this.#store.update(entry.app, entries, before?.revision ?? 0);
        return;
      } catch (reason) {
        if (!(reason instanceof BusError) || reason.code !== 'CONFLICT') throw reason;
      }
    }
    throw new BusError('CONFLICT', `the history of ${entry.app} was changed by others; try again`);
  }

  async forget(app: string): Promise<void> {
    await this.#store.delete(app);
  }
}
