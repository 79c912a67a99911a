/**
 * Where state is kept: `file` (embedded, one host), or `redis`, which several processes use at once. Each driver must pass
 * `specifyStateDriver` (conformance.spec.ts).
 */
export interface StateDriver {
  /**
   * The store of one component of one app. Of the file driver, this process is from then on the only user, and `fence` is not
   * asked; it waits for one that has it now. Rejects with a StateError: `LOCKED` when that takes too long, `CORRUPT`,
   * `UNAVAILABLE`, `STORE_UNFIT`, or `CLOSED` when `signal` aborts first.
   */
  open(component: string, fence: StateFence, signal: AbortSignal): Promise<StateStore>;
}

/** For which keys of a component's states this process may act now: a KeyFence, asked for the owner of each key. */
export interface StateFence {
  /** See KeyFence. */
  epochOf(state: string, key: string): number | undefined;
  onChange(listener: () => void): void;
}

/** A value as it is stored. */
export interface StoredValue {
  readonly bytes: Uint8Array;
  /** Of the writer, as text: stored with the value, once for all that have the same. */
  readonly schema: string;
  /** Unix ms; 0: never. */
  readonly expiresAt: number;
}

export interface StoredEntry {
  readonly key: string;
  readonly value: StoredValue;
}

export type Mutation =
  | { readonly kind: 'set'; readonly state: string; readonly key: string; readonly value: StoredValue }
  | { readonly kind: 'delete'; readonly state: string; readonly key: string };

type Awaitable<T> = T | Promise<T>;

/**
 * Values by state and key. Writes of a key happen in the order in which they are asked for: one that is acknowledged implies
 * those before it, and when one fails, so do those behind it that were asked for meanwhile. (The file driver keeps that order
 * over all keys.)
 */
export interface StateStore {
  /** What the acknowledged writes left, when those asked for before are done: never what may yet be lost. */
  get(state: string, key: string): Awaitable<StoredValue | undefined>;
  /** What the writes asked for so far will leave. Only to base a further write on. */
  latest(state: string, key: string): Awaitable<StoredValue | undefined>;
  /** Resolves when it is stored as durably as configured. Rejects with a StateError that says whether it may be stored. */
  write(mutation: Mutation): Promise<void>;
  /** Acknowledged entries, of keys that this process owns, whose keys start with `prefix` and come after `after`, sorted by key. */
  list(
    state: string,
    prefix: string,
    after: string | undefined,
    limit: number,
  ): Awaitable<readonly StoredEntry[]>;
  /** The distinct schemas of the state's values, and perhaps of values that were there once. */
  schemas(state: string): Awaitable<readonly string[]>;
  /** Finishes what was asked for, and gives the store up to the next. */
  close(): Promise<void>;
}

/** What an acknowledged write survives: `always` a power failure; `everysec` one but for the last second; `none` the process. */
export type Durability = 'always' | 'everysec' | 'none';
