import { BusError, type Change, type KeyedStore, type Subscription } from '../bus/bus.js';
import type { AppRecord } from './app-record.js';

const MAX_ATTEMPTS = 50;

/** What is wanted of each app, as the store has it. */
export class DesiredState {
  readonly #store: KeyedStore;
  readonly #records = new Map<string, { readonly record: AppRecord; readonly revision: number }>();
  readonly #changed: () => void;
  #watch: Subscription | undefined;

  private constructor(store: KeyedStore, changed: () => void) {
    this.#store = store;
    this.#changed = changed;
  }

  /** `changed` is called after any record did, here or elsewhere. */
  static async open(store: KeyedStore, changed: () => void): Promise<DesiredState> {
    const desired = new DesiredState(store, changed);
    desired.#watch = await store.watch((change) => desired.#follow(change));
    return desired;
  }

  /** Sorted by app. */
  records(): readonly AppRecord[] {
    return [...this.#records.values()]
      .map(({ record }) => record)
      .sort((a, b) => (a.app < b.app ? -1 : a.app > b.app ? 1 : 0));
  }

  /**
   * Stores what `next` makes of the newest record; undefined leaves it as it is. `next` may be asked again, when
   * another was faster, and may throw. Rejects with the store's BusError.
   */
  async change(
    app: string,
    next: (record: AppRecord | undefined) => AppRecord | undefined,
  ): Promise<AppRecord | undefined> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const entry = await this.#store.get(app);
      const wanted = next(entry?.value as AppRecord | undefined);
      if (wanted === undefined) return undefined;
      try {
        const revision = await this.#store.update(app, wanted, entry?.revision ?? 0);
        this.#know(app, wanted, revision);
        return wanted;
      } catch (reason) {
        if (!(reason instanceof BusError) || reason.code !== 'CONFLICT') throw reason;
      }
    }
    throw new BusError('CONFLICT', `${app} was changed by others ${MAX_ATTEMPTS} times; try again`);
  }

  /** Unless it was changed since `record` was read. */
  async forget(record: AppRecord): Promise<boolean> {
    const known = this.#records.get(record.app);
    if (known?.record !== record) return false;
    try {
      await this.#store.delete(record.app, known.revision);
    } catch (reason) {
      if (reason instanceof BusError && reason.code === 'CONFLICT') return false;
      throw reason;
    }
    return true;
  }

  close(): void {
    this.#watch?.close();
  }

  #follow(change: Change): void {
    if (change.kind === 'snapshot') {
      this.#records.clear();
      for (const { key, value, revision } of change.entries) this.#know(key, value as AppRecord, revision);
    } else {
      const known = this.#records.get(change.key);
      if (known !== undefined && known.revision >= change.revision) return;
      if (change.kind === 'deleted') this.#records.delete(change.key);
      else this.#know(change.key, change.value as AppRecord, change.revision);
    }
    this.#changed();
  }

  #know(app: string, record: AppRecord, revision: number): void {
    const known = this.#records.get(app);
    if (known === undefined || known.revision < revision) this.#records.set(app, { record, revision });
  }
}
