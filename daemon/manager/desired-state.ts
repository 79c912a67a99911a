import { BusError, type Change, isBusError, type KeyedStore, type Subscription } from '../bus/bus.js';
import {
  type Author,
  digestOf,
  isTombstone,
  type MemoryEntry,
  newest,
  nextChange,
  surplusTombstones,
  type Tombstone,
  tombstone,
} from '../memory/memory-entry.js';
import type { AppRecord } from './app-record.js';

export const APPS_BUCKET = 'apps';
const MAX_ATTEMPTS = 50;

/** As it stands in the store. */
type Stored = (AppRecord & { readonly change: number }) | Tombstone;

export interface DesiredStateOptions {
  /** The bucket {@link APPS_BUCKET}. */
  readonly store: KeyedStore;
  /** What this daemon remembers of an app, in case that the store forgot. */
  readonly remembered: (app: string) => unknown;
  /** Unix ms. */
  readonly now: () => number;
  /** The store has taken it; what is known of the store may lag behind. */
  readonly written: (app: string, value: unknown) => void;
  /** Called after any record did change, here or elsewhere; `reset`: the store may be another than before. */
  readonly changed: (how: 'record' | 'reset') => void;
}

/**
 * What is wanted of each app, as the store has it. A record says how often it was changed, and one that was removed
 * leaves a tombstone, so that a store that comes back older is told from one that is newer.
 */
export class DesiredState {
  readonly #options: DesiredStateOptions;
  readonly #known = new Map<string, { readonly value: Stored; readonly revision: number }>();
  #watch: Subscription | undefined;

  private constructor(options: DesiredStateOptions) {
    this.#options = options;
  }

  /** Rejects with the store's BusError. */
  static async open(options: DesiredStateOptions): Promise<DesiredState> {
    const desired = new DesiredState(options);
    desired.#watch = await options.store.watch((change) => desired.#follow(change));
    return desired;
  }

  /** Sorted by app. */
  records(): readonly AppRecord[] {
    return [...this.#known.values()]
      .flatMap(({ value }) => (isTombstone(value) ? [] : [value]))
      .sort((a, b) => (a.app < b.app ? -1 : a.app > b.app ? 1 : 0));
  }

  /** All that is known of the store, tombstones too. */
  entries(): readonly MemoryEntry[] {
    return [...this.#known].map(([key, { value }]) => ({ bucket: APPS_BUCKET, key, value }));
  }

  /**
   * Stores what `next` makes of the newest record; undefined leaves it as it is. `next` may be asked again, when
   * another was faster, and may throw. Rejects with the store's BusError.
   */
  async change(
    app: string,
    author: Author,
    next: (record: AppRecord | undefined) => AppRecord | undefined,
  ): Promise<AppRecord | undefined> {
    const stored = await this.#write(app, author, (before, change) => {
      const wanted = next(before);
      return wanted && { ...wanted, change };
    });
    return stored === undefined || isTombstone(stored) ? undefined : stored;
  }

  /** Unless it was changed since `record` was read. */
  async forget(record: AppRecord): Promise<boolean> {
    const { app } = record;
    if (this.#known.get(app)?.value !== record) return false;
    const isSame = (newest: AppRecord | undefined) =>
      newest !== undefined && digestOf(newest) === digestOf(record);
    const stored = await this.#write(app, 'leader', (before, change) =>
      isSame(before) ? tombstone(change, this.#options.now()) : undefined,
    );
    return stored !== undefined;
  }

  /** Gives up the oldest tombstones, when there are very many. Rejects with the store's BusError. */
  async prune(): Promise<void> {
    for (const { key } of surplusTombstones(this.entries())) {
      const revision = this.#known.get(key)?.revision;
      if (revision !== undefined) await this.#options.store.delete(key, revision);
    }
  }

  close(): void {
    this.#watch?.close();
  }

  async #write(
    app: string,
    author: Author,
    next: (before: AppRecord | undefined, change: number) => Stored | undefined,
  ): Promise<Stored | undefined> {
    const { store, remembered, now } = this.#options;
    let uncertain: Stored | undefined;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const entry = await store.get(app);
      if (uncertain !== undefined && entry !== undefined && digestOf(uncertain) === digestOf(entry.value)) {
        this.#wrote(app, uncertain, entry.revision); // it was applied after all
        return uncertain;
      }
      // Of a store that came back older, the lost changes would else be undone under a higher number.
      const before = newest(entry?.value, remembered(app)) as Stored | undefined;
      const record = before === undefined || isTombstone(before) ? undefined : before;
      const wanted = next(record, nextChange(before, author, now()));
      if (wanted === undefined) return undefined;
      try {
        this.#wrote(app, wanted, await store.update(app, wanted, entry?.revision ?? 0));
        return wanted;
      } catch (reason) {
        if (isBusError(reason, 'OUTCOME_UNKNOWN')) uncertain = wanted;
        else if (!isBusError(reason, 'CONFLICT')) throw reason;
      }
    }
    throw new BusError('CONFLICT', `${app} was changed by others ${MAX_ATTEMPTS} times; try again`);
  }

  /** The watch tells of it later, and then it is known already. */
  #wrote(app: string, value: Stored, revision: number): void {
    this.#options.written(app, value);
    if (this.#know(app, value, revision)) this.#options.changed('record');
  }

  #follow(change: Change): void {
    if (change.kind === 'snapshot') {
      this.#known.clear();
      for (const { key, value, revision } of change.entries) this.#know(key, value as Stored, revision);
    } else {
      const known = this.#known.get(change.key);
      if (known !== undefined && known.revision >= change.revision) return;
      if (change.kind === 'deleted') this.#known.delete(change.key);
      else this.#know(change.key, change.value as Stored, change.revision);
    }
    this.#options.changed(change.kind === 'snapshot' ? 'reset' : 'record');
  }

  #know(app: string, value: Stored, revision: number): boolean {
    const known = this.#known.get(app);
    if (known !== undefined && known.revision >= revision) return false;
    this.#known.set(app, { value, revision });
    return true;
  }
}
