/** Where state is kept. A driver is `file` (embedded, one host); each must pass `specifyStateDriver` (conformance.spec.ts). */
export interface StateDriver {
  /**
   * The store of one component of one app, of which this process is from then on the only user. Waits for one that has it
   * now; rejects with a StateError: `LOCKED` when that takes too long, `CORRUPT`, or
   * `CLOSED` when `signal` aborts first.
   */
  open(component: string, signal: AbortSignal): Promise<StateStore>;
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
 * Values by state and key. Writes happen in the order in which they are asked for: one that is acknowledged implies those
 * before it, and when one fails, so do those behind it that were asked for meanwhile.
 */
export interface StateStore {
  /** What the acknowledged writes left, when those asked for before are done: never what may yet be lost. */
  get(state: string, key: string): Awaitable<StoredValue | undefined>;
  /** What the writes asked for so far will leave. Only to base a further write on. */
  latest(state: string, key: string): Awaitable<StoredValue | undefined>;
  /** Resolves when it is stored as durably as configured. Rejects with a StateError that says whether it may be stored. */
  write(mutation: Mutation): Promise<void>;
  /** Acknowledged entries whose keys start with `prefix` and come after `after`, sorted by key. */
  list(
    state: string,
    prefix: string,
    after: string | undefined,
    limit: number,
  ): Awaitable<readonly StoredEntry[]>;
  /** The distinct schemas of the state's values. */
  schemas(state: string): Awaitable<readonly string[]>;
  /** Finishes what was asked for, and gives the store up to the next. */
  close(): Promise<void>;
}

/** What an acknowledged write survives: `always` a power failure; `everysec` one but for the last second; `none` the process. */
export type Durability = 'always' | 'everysec' | 'none';
