import { BusError } from './bus.js';
import type { AppendFile, StoreFiles } from './file-system.js';
import { decodeLog, encodeRecord, type LogRecord } from './store-log.js';

const MAX_WAITING = 10_000;
const MAX_BATCH = 256;
const MAX_KEYS = 100_000;
const COMPACT_FROM_BYTES = 1024 * 1024;
const COMPACT_WHEN_TIMES_LIVE = 4;

/** A key's value as it is on disk. */
export interface Stored {
  readonly json: string;
  readonly revision: number;
}

/**
 * What to do with a key, seen its value: the new JSON, `delete`, or `keep`. Throws (CONFLICT) to refuse. It sees the
 * writes that stand before it in the same batch, so its answer is told only when those are on disk.
 */
export type Decide = (current: Stored | undefined) => { readonly json: string } | 'delete' | 'keep';

interface Waiting {
  readonly bucket: string;
  readonly key: string;
  readonly decide: Decide;
  readonly resolve: (revision: number) => void;
  readonly reject: (reason: unknown) => void;
}

export interface KeyedLogOptions {
  readonly files: StoreFiles;
  readonly path: string;
  /** In order, after they are durable and before the writers are answered. */
  readonly committed: (records: readonly LogRecord[]) => void;
  /** Why writes fail at present; undefined when they go well again. */
  readonly onProblem: (problem: string | undefined) => void;
  /** Something was repaired or could not be done. */
  readonly report: (problem: string) => void;
}

/**
 * Keys and values in memory, each change first in a checksummed log on disk. Writes that come while the disk is busy
 * share one sync. The log is rewritten when most of it is outdated.
 */
export class KeyedLog {
  readonly #options: KeyedLogOptions;
  readonly #buckets = new Map<string, Map<string, Stored>>();
  readonly #revisions = new Map<string, number>();
  readonly #waiting: Waiting[] = [];
  #file: AppendFile | undefined;
  #length = 0;
  #liveBytes = 0;
  #keys = 0;
  #compactFrom = COMPACT_FROM_BYTES;
  /** The file may hold bytes after #length, of a write that failed. */
  #tailIsDirty = false;
  #flushing: Promise<void> | undefined;
  #problem: string | undefined;
  #closed = false;

  private constructor(options: KeyedLogOptions) {
    this.#options = options;
  }

  static async open(options: KeyedLogOptions): Promise<KeyedLog> {
    const log = new KeyedLog(options);
    const bytes = await options.files.read(options.path);
    if (bytes === undefined) return log;
    const contents = decodeLog(bytes);
    for (const record of contents.records) log.#apply(record);
    log.#length = contents.length;
    log.#tailIsDirty = contents.tornBytes > 0;
    if (contents.damagedLines > 0) await log.#setDamagedAside(bytes, contents.damagedLines);
    return log;
  }

  bucket(name: string): ReadonlyMap<string, Stored> {
    return this.#entries(name);
  }

  /** The key's revision afterwards; 0 when there was nothing to delete. */
  write(bucket: string, key: string, decide: Decide): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new BusError('CLOSED', `${bucket}/${key}: the store is closed`));
      if (this.#waiting.length >= MAX_WAITING)
        return reject(new BusError('OVERLOADED', `${bucket}/${key}: ${MAX_WAITING} writes are waiting`));
      this.#waiting.push({ bucket, key, decide, resolve, reject });
      this.#startFlush();
    });
  }

  /** Tries whether the disk takes a write again, when the last one failed. */
  async check(): Promise<void> {
    if (this.#problem === undefined || this.#closed) return;
    await this.write(PROBE.bucket, PROBE.key, () => ({ json: '0' })).catch(() => undefined); // told by #problem
    await this.write(PROBE.bucket, PROBE.key, () => 'delete').catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #setDamagedAside(bytes: Buffer, lines: number): Promise<void> {
    const { path, files, report } = this.#options;
    report(`${path}: ${lines} damaged lines were left out; the file as it was is kept as ${path}.damaged`);
    try {
      await files.replace(`${path}.damaged`, bytes);
      await this.#compact();
    } catch (reason) {
      report(`${path}.damaged: ${messageOf(reason)}`); // the log can be used as it is
    }
  }

  #startFlush(): void {
    this.#flushing ??= this.#flush();
  }

  async #flush(): Promise<void> {
    await Promise.resolve(); // the other writes of this turn belong to the batch
    while (this.#waiting.length > 0) await this.#flushBatch(this.#waiting.splice(0, MAX_BATCH));
    this.#flushing = undefined; // in the same turn as the check, so that no write falls between
  }

  async #flushBatch(batch: readonly Waiting[]): Promise<void> {
    const changed = new Map<string, Stored | undefined>();
    const revisions = new Map<string, number>();
    const records: LogRecord[] = [];
    const answers: (() => void)[] = [];
    for (const { bucket, key, decide, resolve, reject } of batch) {
      const id = `${bucket}/${key}`;
      const current = changed.has(id) ? changed.get(id) : this.bucket(bucket).get(key);
      try {
        const decision = decide(current);
        if (decision === 'keep') {
          answers.push(() => resolve(current?.revision ?? 0));
          continue;
        }
        if (decision !== 'delete' && current === undefined && this.#keys + records.length >= MAX_KEYS)
          throw new BusError('OVERLOADED', `${id}: the store holds ${MAX_KEYS} keys already`);
        const revision = (revisions.get(bucket) ?? this.#revisions.get(bucket) ?? 0) + 1;
        const json = decision === 'delete' ? undefined : decision.json;
        revisions.set(bucket, revision);
        changed.set(id, json === undefined ? undefined : { json, revision });
        records.push({ bucket, key, revision, json });
        answers.push(() => resolve(revision));
      } catch (refusal) {
        answers.push(() => reject(refusal));
      }
    }
    try {
      if (records.length > 0) await this.#append(records);
    } catch (reason) {
      const failure = storageError(this.#options.path, reason);
      this.#setProblem(failure.message);
      for (const { reject } of batch) reject(failure);
      return;
    }
    for (const record of records) this.#apply(record);
    if (records.length > 0) {
      this.#setProblem(undefined);
      this.#options.committed(records);
    }
    for (const answer of answers) answer();
    if (this.#length > this.#compactFrom && this.#length > COMPACT_WHEN_TIMES_LIVE * this.#liveBytes)
      await this.#compact();
  }

  #setProblem(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.onProblem(problem);
  }

  async #append(records: readonly LogRecord[]): Promise<void> {
    const bytes = Buffer.from(records.map(encodeRecord).join(''));
    this.#file ??= await this.#options.files.openForAppend(this.#options.path);
    if (this.#tailIsDirty) await this.#file.truncate(this.#length);
    this.#tailIsDirty = true;
    try {
      await this.#file.writeDurably(bytes, this.#length);
    } catch (reason) {
      // A refused write must not come back after a restart. When this fails too, the next write does it.
      await this.#file.truncate(this.#length).catch(() => undefined);
      throw reason;
    }
    this.#tailIsDirty = false;
    this.#length += bytes.length;
  }

  #apply({ bucket, key, revision, json }: LogRecord): void {
    this.#revisions.set(bucket, revision);
    const entries = this.#entries(bucket);
    const before = entries.get(key);
    if (before !== undefined) {
      this.#keys--;
      this.#liveBytes -= liveBytes(key, before.json);
      entries.delete(key);
    }
    if (json === undefined) return;
    this.#keys++;
    this.#liveBytes += liveBytes(key, json);
    entries.set(key, { json, revision });
  }

  #entries(bucket: string): Map<string, Stored> {
    const known = this.#buckets.get(bucket);
    if (known !== undefined) return known;
    const entries = new Map<string, Stored>();
    this.#buckets.set(bucket, entries);
    return entries;
  }

  async #compact(): Promise<void> {
    try {
      await this.#options.files.replace(this.#options.path, this.#snapshot());
      await this.#compacted();
    } catch (reason) {
      // The log is still whole; try again when it has doubled.
      this.#compactFrom = this.#length * 2;
      this.#options.report(`${this.#options.path}: could not be compacted: ${messageOf(reason)}`);
    }
  }

  async #compacted(): Promise<void> {
    this.#length = this.#snapshot().length;
    this.#compactFrom = COMPACT_FROM_BYTES;
    this.#tailIsDirty = false;
    const old = this.#file;
    this.#file = undefined;
    await old?.close();
  }

  /** All there is, and of each bucket a deletion with its newest revision, so that revisions go on rising. */
  #snapshot(): Buffer {
    const lines: string[] = [];
    for (const [bucket, entries] of this.#buckets) {
      const sorted = [...entries].sort(([, a], [, b]) => a.revision - b.revision);
      for (const [key, { json, revision }] of sorted)
        lines.push(encodeRecord({ bucket, key, revision, json }));
      const newest = this.#revisions.get(bucket) ?? 0;
      if (newest > (sorted.at(-1)?.[1].revision ?? 0))
        lines.push(encodeRecord({ bucket, key: '', revision: newest, json: undefined }));
    }
    return Buffer.from(lines.join(''));
  }
}

/** A key that no store of the bus can have. */
const PROBE = { bucket: '', key: 'probe' };

function liveBytes(key: string, json: string): number {
  return key.length + json.length + 64;
}

export function storageError(path: string, reason: unknown): BusError {
  const code = (reason as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new BusError(
      'STORAGE_FULL',
      `the disk is full: ${path} cannot be written (${code}); free some space, the daemon goes on by itself`,
      { cause: reason },
    );
  return new BusError('STORAGE_FAILED', `${path} cannot be written: ${messageOf(reason)}`, { cause: reason });
}

export function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
