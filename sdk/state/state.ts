/** Durable values of type `T` by key. Values that are read and given are copies. */
export interface State<T> {
  /** Undefined when there is none, or it has expired. Sees every write that was made before it in this process. */
  get(key: string): Promise<T | undefined>;
  /** Resolves when the value is stored, as durably as the manifest says. Rejects with a {@link StateError}. */
  set(key: string, value: T, options?: SetOptions): Promise<void>;
  /**
   * Replaces the value by what `change` makes of it; undefined deletes it. Atomic: no other write of the key happens in
   * between, so `change` should be short, and may not write the same key itself (`BUSY`). What it throws is thrown here, and
   * nothing is written. Resolves with the new value.
   */
  update<R extends T | undefined>(
    key: string,
    change: (value: T | undefined) => R | Promise<R>,
    options?: SetOptions,
  ): Promise<R>;
  /** Resolves with whether there was one. */
  delete(key: string): Promise<boolean>;
  /** The entries whose keys start with `prefix`, in the order of their keys (by UTF-16 units). Looks at every key. */
  list(prefix?: string, options?: ListOptions): Promise<readonly StateEntry<T>[]>;
}

/** A state whose keys have durable reminders: `ctx.state<T>(name, { onWake })`. */
export interface WakingState<T> extends State<T> {
  /**
   * `onWake` is called for the key at that time (a Date, or Unix ms), at once when it is past; replaces what was set for the
   * key. Resolves when it is stored, as durably as a value is. Independent of the key's value: without one it wakes all the same.
   */
  wakeAt(key: string, time: number | Date): Promise<void>;
  /** Resolves with whether there was a reminder. A handler that runs goes on. */
  cancelWake(key: string): Promise<boolean>;
}

/**
 * Is called in the process that acts for the key, at least once for each reminder, one at a time for a key; again later
 * when it throws. `dueAt` is the time that was set, Unix ms; `signal` aborts when this process stops acting for the key.
 */
export type WakeHandler = (key: string, dueAt: number, signal: AbortSignal) => void | Promise<void>;

export interface StateOptions {
  /** Called for the keys' reminders. */
  readonly onWake?: WakeHandler;
  /**
   * The routing key whose owner owns a state key: `(key) => key.split('/')[0]`. By default a state key is a routing key itself.
   * Matters where several replicas share the state (the `redis` driver).
   */
  readonly owner?: (key: string) => string;
}

export interface SetOptions {
  /** Time from now after which the value is gone, ms; kept for ever by default. Whoever writes again sets it anew. */
  readonly ttl?: number;
}

export interface ListOptions {
  /** 1000 by default, and at most 10,000. */
  readonly limit?: number;
  /** Only keys behind this one: the last of the page before. */
  readonly after?: string;
}

export interface StateEntry<T> {
  readonly key: string;
  readonly value: T;
}

/** UTF-8 bytes of a key at most. */
export const MAX_KEY_BYTES = 1024;
/** Encoded bytes of a value at most. */
export const MAX_VALUE_BYTES = 8 * 1024 * 1024;
