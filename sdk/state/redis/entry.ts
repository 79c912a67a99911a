import { type Deferred, deferred } from '../../call/deferred.js';
import type { StoredValue } from '../driver.js';

/** What Redis has of a key, as far as it told this process, which owns the key under `epoch`. */
export interface Known {
  readonly epoch: number;
  /** Of servers (ServerWatch). */
  readonly generation: number;
  readonly attempt: string;
  readonly value: StoredValue | undefined;
  /** Without a value: until when the record is certainly there, by performance.now(). */
  readonly until: number;
}

/** A write, and those of the same key that were asked for before it was sent: the last of them is what is stored. */
export class WriteGroup {
  readonly #done: Deferred<void> = deferred();
  value: StoredValue | undefined;
  bytes = 0;
  /** By performance.now(). */
  readonly deadline: number;
  /** An attempt that was made and may be stored: it is looked for before the next is made. */
  inDoubt: string | undefined;
  retries = 0;

  constructor(deadline: number) {
    this.deadline = deadline;
    // Each writer waits for it too, and hears of the failure.
    this.#done.promise.catch(() => {});
  }

  get done(): Promise<void> {
    return this.#done.promise;
  }

  succeed(): void {
    this.#done.resolve();
  }

  fail(reason: unknown): void {
    this.#done.reject(reason);
  }
}

/** A key that is in the cache, or being read or written. */
export class Entry {
  readonly state: string;
  readonly key: string;
  readonly bucket: number;
  known: Known | undefined;
  /** Attempts that may still be executed, or have been: claims and writes of which no answer came. */
  inDoubt: Set<string> | undefined;
  /** The attempt that was there when the key was last claimed. */
  found: string | undefined;
  /** Redis has lost what it acknowledged; whoever comes next is told. */
  isLost = false;
  inFlight: WriteGroup | undefined;
  next: WriteGroup | undefined;
  loading: Promise<Known> | undefined;
  /** For EntryCache. */
  wasUsed = true;
  bytes = 0;

  constructor(state: string, key: string, bucket: number) {
    this.state = state;
    this.key = key;
    this.bucket = bucket;
  }

  get isIdle(): boolean {
    return this.inFlight === undefined && this.next === undefined && this.loading === undefined;
  }

  addDoubt(attempt: string): void {
    this.inDoubt ??= new Set();
    this.inDoubt.add(attempt);
  }
}
