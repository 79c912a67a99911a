import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import type { Clock } from '../processes/clock.js';

export interface LogFileOptions {
  readonly path: string;
  /** Beyond this size it becomes `<path>.1`, in place of the former one, bytes. */
  readonly maxBytes: number;
  readonly clock: Clock;
  /** Why lines are not written, such as a full disk; undefined when they are again. */
  readonly onProblem: (problem: string | undefined) => void;
}

/** Lines are written together that come within, ms. */
const GATHER_MS = 50;
/** Lines beyond this, while the disk does not keep up, stay out of the file, bytes. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
/** After a failed write, ms. */
const RETRY_MS = 1000;

/** An append-only file of lines. Failing to write one costs that line, never the caller. */
export class LogFile {
  readonly #options: LogFileOptions;
  #file: FileHandle | undefined;
  #size = 0;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #cancelTimer: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #failed = false;

  constructor(options: LogFileOptions) {
    this.#options = options;
  }

  /** The line without its end. */
  append(line: string): void {
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) return; // the problem is reported by the write that hangs or fails
    this.#waiting.push(line);
    this.#waitingBytes += bytes;
    this.#schedule(GATHER_MS);
  }

  /** Resolves when what was appended is written, or could not be. */
  async flush(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    await this.#writing;
    if (this.#waiting.length > 0) await this.#write();
  }

  async close(): Promise<void> {
    await this.flush();
    this.#cancelTimer?.();
    await this.#file?.close();
    this.#file = undefined;
  }

  async remove(): Promise<void> {
    this.#waiting = [];
    this.#waitingBytes = 0;
    await this.close();
    await rm(this.#options.path, { force: true });
    await rm(`${this.#options.path}.1`, { force: true });
  }

  #schedule(delayMs: number): void {
    if (this.#writing !== undefined) return; // it looks again when it is through
    this.#cancelTimer ??= this.#options.clock.after(delayMs, () => {
      this.#cancelTimer = undefined;
      void this.#write();
    });
  }

  #write(): Promise<void> {
    this.#writing ??= this.#writeWaiting().finally(() => {
      this.#writing = undefined;
      if (this.#waiting.length > 0) this.#schedule(this.#failed ? RETRY_MS : GATHER_MS);
    });
    return this.#writing;
  }

  async #writeWaiting(): Promise<void> {
    const lines = this.#waiting;
    try {
      const file = await this.#opened();
      // After a failure the last line may be there in part only; so it does not spoil the next one.
      const bytes = Buffer.from(`${this.#failed ? '\n' : ''}${lines.join('\n')}\n`);
      await file.appendFile(bytes);
      this.#size += bytes.length;
      this.#done(lines);
      if (this.#failed) {
        this.#failed = false;
        this.#options.onProblem(undefined);
      }
      if (this.#size > this.#options.maxBytes) await this.#rotate();
    } catch (reason) {
      // Kept back for the next try as far as the bound allows; they are in memory all the same.
      if (!this.#failed) {
        const why = reason instanceof Error ? reason.message : String(reason);
        this.#options.onProblem(`cannot write ${this.#options.path}: ${why}`);
      }
      this.#failed = true;
    }
  }

  #done(lines: readonly string[]): void {
    this.#waiting = this.#waiting.slice(lines.length);
    this.#waitingBytes = this.#waiting.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  }

  async #opened(): Promise<FileHandle> {
    if (this.#file === undefined) {
      this.#file = await open(this.#options.path, 'a', 0o600);
      this.#size = (await this.#file.stat()).size;
    }
    return this.#file;
  }

  async #rotate(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
    await rename(this.#options.path, `${this.#options.path}.1`);
  }
}
