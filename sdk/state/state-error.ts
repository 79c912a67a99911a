import type { Executed } from '../errors/remote-call-error.js';

export type StateErrorCode =
  /** The key is no string, too long, or no well-formed Unicode. */
  | 'KEY_INVALID'
  /** The value breaks its declared type, or cannot be stored. */
  | 'VALUE_INVALID'
  | 'VALUE_TOO_LARGE'
  /** All that a component may store is stored. */
  | 'STATE_FULL'
  /** Too many bytes wait to be written, or too many callers for one key. */
  | 'OVERLOADED'
  /** An update of the same key has run for too long. */
  | 'BUSY'
  /** The store could not write it, for want of space most likely: it is not stored. Reads go on. */
  | 'WRITE_FAILED'
  /** Whether it is stored is not known. Reads go on. */
  | 'WRITE_UNKNOWN'
  /** This replica does not own the key: the call belongs to another. Nothing was done. */
  | 'STALE_OWNER'
  /** The store cannot be reached, or does not answer in time. What is in memory can be read. */
  | 'UNAVAILABLE'
  /** The store keeps less than is promised, or is too old. */
  | 'STORE_UNFIT'
  /** The store has lost an acknowledged write of the key, with a fail-over or a restore. Said once for each key. */
  | 'SUFFIX_LOST'
  /** Another process has the state of this component. */
  | 'LOCKED'
  /** What is stored cannot be read as the declared type. Nothing was changed. */
  | 'SCHEMA_INCOMPATIBLE'
  /** The store's files are not what weaverd wrote. Nothing was changed. */
  | 'CORRUPT'
  /** A reminder for a state that was obtained without `onWake`. */
  | 'NO_HANDLER'
  /** This process has no store to keep state in. */
  | 'NO_STORE'
  | 'CLOSED';

/** State could not be read or written. */
export class StateError extends Error {
  override readonly name = 'StateError';
  /** Whether the write is stored. */
  readonly executed: Executed;

  constructor(
    readonly code: StateErrorCode,
    message: string,
    options: { readonly executed?: Executed; readonly cause?: unknown } = {},
  ) {
    super(`${message} [${code}]`, options.cause === undefined ? undefined : { cause: options.cause });
    this.executed = options.executed ?? 'no';
  }
}
