import { deferred } from '../../call/deferred.js';
import { Writer } from '../../codec/writer.js';
import { StateError } from '../state-error.js';
import { type LogRecord, MAX_RECORD_BYTES, writeRecord } from './record.js';

/** Bytes that may wait to be written. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** Writes that become durable, or fail, together. */
export class Batch {
  readonly records: LogRecord[] = [];
  readonly writer: Writer;
  readonly #done = deferred<void>();

  /** @param writer an empty one, for as long as the batch takes */
  constructor(writer: Writer) {
    this.writer = writer;
    // Each writer waits for it too, and hears of the failure.
    this.#done.promise.catch(() => {});
  }

  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** What goes to the log. */
  get bytes(): Buffer {
    return this.writer.bytes.subarray(0, this.writer.position);
  }

  /** All or, when it throws, none. */
  add(records: readonly LogRecord[]): void {
    const { writer } = this;
    const start = writer.position;
    try {
      for (const record of records) writeRecord(writer, record);
    } catch (reason) {
      writer.position = start;
      throw reason;
    }
    this.records.push(...records);
  }

  succeed(): void {
    this.#done.resolve();
  }

  fail(reason: unknown): void {
    this.#done.reject(reason);
  }
}

/**
 * Group commit: what is asked for in one turn of the event loop, or while the batch before is being written, is one batch.
 * When a batch fails, so does the one behind it, which was asked for in the belief that it would not.
 */
export class CommitQueue {
  readonly #commit: (batch: Batch) => Promise<void>;
  readonly #onSettled: (batch: Batch, isCommitted: boolean) => void;
  readonly #acts: (() => Promise<void>)[] = [];
  #current: Batch | undefined;
  #next = new Batch(newWriter());
  /** Of the batch that ended last. */
  #spareWriter: Writer | undefined;
  #running: Promise<void> | undefined;

  /** @param onSettled is called before the writers hear of it */
  constructor(
    commit: (batch: Batch) => Promise<void>,
    onSettled: (batch: Batch, isCommitted: boolean) => void,
  ) {
    this.#commit = commit;
    this.#onSettled = onSettled;
  }

  /** The batch that they became part of. Throws OVERLOADED. */
  add(records: readonly LogRecord[]): Batch {
    const waiting = this.#next.writer.position + (this.#current?.writer.position ?? 0);
    if (waiting > MAX_WAITING_BYTES)
      throw new StateError(
        'OVERLOADED',
        `${MAX_WAITING_BYTES} bytes of state wait to be written: the disk is slower than the writers`,
      );
    const batch = this.#next;
    batch.add(records);
    this.#running ??= this.#run();
    return batch;
  }

  /** Resolves when all that was asked for so far has been written or has failed. */
  async settled(): Promise<void> {
    const last = this.#next.records.length > 0 ? this.#next : this.#current;
    // Its writers hear of a failure.
    await last?.done.catch(() => undefined);
  }

  /** Resolves when nothing waits: soon only when nobody writes any more. */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Runs `act` between two batches. Rejects with what it throws. */
  exclusively(act: () => Promise<void>): Promise<void> {
    const acted = deferred<void>();
    this.#acts.push(() => act().then(acted.resolve, acted.reject));
    this.#running ??= this.#run();
    return acted.promise;
  }

  async #run(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    for (;;) {
      const act = this.#acts.shift();
      if (act !== undefined) await act();
      else if (this.#next.records.length > 0) await this.#writeNext();
      else break;
    }
    this.#running = undefined;
  }

  async #writeNext(): Promise<void> {
    const batch = this.#begin();
    this.#current = batch;
    try {
      await this.#commit(batch);
      this.#end(batch, undefined);
    } catch (reason) {
      this.#end(batch, { reason });
      this.#end(this.#begin(), { reason: notTried(reason) });
    }
    this.#current = undefined;
  }

  /** Of what comes from now on, another will be made. */
  #begin(): Batch {
    const batch = this.#next;
    this.#next = new Batch(this.#spareWriter ?? newWriter());
    this.#spareWriter = undefined;
    return batch;
  }

  #end(batch: Batch, failure: { readonly reason: unknown } | undefined): void {
    batch.writer.reset();
    this.#spareWriter = batch.writer;
    this.#onSettled(batch, failure === undefined);
    if (failure === undefined) batch.succeed();
    else batch.fail(failure.reason);
  }
}

function newWriter(): Writer {
  return new Writer(MAX_WAITING_BYTES + 2 * MAX_RECORD_BYTES);
}

/** Of a write that was not begun because the one before it failed. */
function notTried(reason: unknown): StateError {
  return new StateError('WRITE_FAILED', 'a write of the state before this one failed', { cause: reason });
}
