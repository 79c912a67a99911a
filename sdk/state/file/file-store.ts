import type { Durability, Mutation, StateStore, StoredEntry, StoredValue } from '../driver.js';
import { StateError } from '../state-error.js';
import { type Batch, CommitQueue } from './commit-queue.js';
import { isWorthCompacting, rewriteLog } from './compaction.js';
import type { LogFile } from './log-file.js';
import type { LogRecord } from './record.js';
import { entryBytes, type Table } from './table.js';

/** What a component may store, in its log's terms: it is all held in memory. */
const MAX_LIVE_BYTES = 1024 ** 3;
const SYNC_INTERVAL_MS = 1000;
const SWEEP_INTERVAL_MS = 60_000;

export interface FileStoreOptions {
  readonly durability: Durability;
  /** Unix ms. */
  readonly now: () => number;
  /** Hears of what fails beside any write: a background fsync, a compaction. */
  readonly onProblem: (message: string, reason: unknown) => void;
  /** Called once at the end: gives up the lock. */
  readonly release: () => Promise<void>;
  /** Live bytes at most; 1 GiB by default. */
  readonly maxLiveBytes?: number | undefined;
  /** A smaller log is not compacted, bytes; 4 MiB by default. */
  readonly compactFrom?: number | undefined;
}

/** A write that was asked for and has not ended. */
interface Pending {
  readonly value: StoredValue | undefined;
  readonly batch: Batch;
}

/** Values in memory, and a log of their changes in a file. */
export class FileStore implements StateStore {
  readonly #options: FileStoreOptions;
  readonly #table: Table;
  readonly #queue: CommitQueue;
  /** By state and key, the latest. */
  readonly #pending = new Map<string, Pending>();
  /** Numbers of schemas in a batch that has not ended, by state and text. */
  readonly #pendingSchemas = new Map<string, number>();
  readonly #timers: readonly NodeJS.Timeout[];
  #log: LogFile;
  #isUnsynced = false;
  #compacting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(log: LogFile, table: Table, options: FileStoreOptions) {
    this.#log = log;
    this.#table = table;
    this.#options = options;
    this.#queue = new CommitQueue(
      (batch) => this.#commit(batch),
      (batch, isCommitted) => this.#settled(batch, isCommitted),
    );
    const sweep = setInterval(() => table.sweep(options.now()), SWEEP_INTERVAL_MS);
    const sync =
      options.durability === 'everysec' ? [setInterval(() => this.#syncNow(), SYNC_INTERVAL_MS)] : [];
    this.#timers = [sweep, ...sync];
    for (const timer of this.#timers) timer.unref();
  }

  get(state: string, key: string): StoredValue | undefined | Promise<StoredValue | undefined> {
    const pending = this.#pending.get(pendingKey(state, key));
    const committed = () => this.#table.get(state, key, this.#options.now());
    // Its writer hears of a failure; a reader sees what is there then.
    return pending === undefined ? committed() : pending.batch.done.then(committed, committed);
  }

  latest(state: string, key: string): StoredValue | undefined {
    const pending = this.#pending.get(pendingKey(state, key));
    const now = this.#options.now();
    if (pending === undefined) return this.#table.get(state, key, now);
    const { value } = pending;
    return value !== undefined && value.expiresAt !== 0 && value.expiresAt <= now ? undefined : value;
  }

  write(mutation: Mutation): Promise<void> {
    try {
      return this.#accept(mutation).done;
    } catch (reason) {
      return Promise.reject(reason);
    }
  }

  async list(
    state: string,
    prefix: string,
    after: string | undefined,
    limit: number,
  ): Promise<readonly StoredEntry[]> {
    if (this.#pending.size > 0) await this.#queue.settled();
    return this.#table.list(state, prefix, after, limit, this.#options.now());
  }

  schemas(state: string): readonly string[] {
    return this.#table.schemas(state);
  }

  /** Of every state that was ever written, the newest last. */
  schemasByState(): ReadonlyMap<string, readonly string[]> {
    return this.#table.schemasByState();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #accept(mutation: Mutation): Batch {
    if (this.#closing !== undefined)
      throw new StateError('CLOSED', 'the state is closed: the component is shutting down');
    const { state, key } = mutation;
    const value = mutation.kind === 'set' ? mutation.value : undefined;
    const records: LogRecord[] = [];
    if (value === undefined) records.push({ kind: 'delete', state, key });
    else {
      this.#refuseFull(key, value);
      const known =
        this.#table.schemaNumber(state, value.schema) ??
        this.#pendingSchemas.get(pendingKey(state, value.schema));
      const schema = known ?? this.#table.schemaCount + this.#pendingSchemas.size;
      if (known === undefined) records.push({ kind: 'schema', state, schema: value.schema });
      records.push({ kind: 'set', schema, expiresAt: value.expiresAt, key, value: value.bytes });
    }
    const batch = this.#queue.add(records);
    for (const record of records)
      if (record.kind === 'schema')
        this.#pendingSchemas.set(
          pendingKey(state, record.schema),
          this.#table.schemaCount + this.#pendingSchemas.size,
        );
    this.#pending.set(pendingKey(state, key), { value, batch });
    return batch;
  }

  #refuseFull(key: string, { bytes }: StoredValue): void {
    const most = this.#options.maxLiveBytes ?? MAX_LIVE_BYTES;
    if (this.#table.liveBytes + entryBytes(key, bytes) <= most) return;
    this.#table.sweep(this.#options.now());
    if (this.#table.liveBytes + entryBytes(key, bytes) <= most) return;
    throw new StateError(
      'STATE_FULL',
      `the component stores ${this.#table.liveBytes} bytes, of ${most} at most; delete entries, or give them a ttl`,
    );
  }

  async #commit(batch: Batch): Promise<void> {
    await this.#log.append(batch.bytes);
    this.#isUnsynced = true;
    if (this.#options.durability === 'always') await this.#sync();
  }

  #settled(batch: Batch, isCommitted: boolean): void {
    for (const record of batch.records) {
      if (isCommitted) this.#table.apply(record);
      if (record.kind === 'schema') this.#pendingSchemas.delete(pendingKey(record.state, record.schema));
    }
    for (const [key, pending] of this.#pending) if (pending.batch === batch) this.#pending.delete(key);
    if (isCommitted) this.#compactWhenWorthIt();
  }

  async #sync(): Promise<void> {
    this.#isUnsynced = false;
    await this.#log.sync();
  }

  #syncNow(): void {
    if (!this.#isUnsynced) return;
    this.#sync().catch((reason: unknown) =>
      this.#options.onProblem('what was written in the last second may be lost at a power failure', reason),
    );
  }

  #compactWhenWorthIt(): void {
    if (this.#compacting !== undefined || this.#closing !== undefined) return;
    if (!isWorthCompacting(this.#log.size, this.#table.liveBytes, this.#options.compactFrom)) return;
    this.#compacting = this.#compact().finally(() => {
      this.#compacting = undefined;
    });
  }

  async #compact(): Promise<void> {
    const old = this.#log;
    try {
      this.#table.sweep(this.#options.now());
      await rewriteLog(old, this.#table.snapshot(), {
        pause: (act) => this.#queue.exclusively(act),
        replace: (log) => {
          this.#log = log;
          this.#isUnsynced = false;
        },
        isCancelled: () => this.#closing !== undefined,
      });
    } catch (reason) {
      if (this.#closing === undefined)
        this.#options.onProblem(`${old.path} could not be compacted; it goes on growing`, reason);
    }
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#queue.drained();
    await this.#compacting;
    try {
      if (this.#isUnsynced) await this.#sync();
    } finally {
      await this.#log.close();
      await this.#options.release();
    }
  }
}

/** States' names have no NUL. */
function pendingKey(state: string, key: string): string {
  return `${state}\0${key}`;
}
