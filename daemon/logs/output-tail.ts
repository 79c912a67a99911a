import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';

/** A longer line is cut into several. */
export const MAX_LINE_BYTES = 16 * 1024;
/** Read in one turn of the event loop. */
const TURN_BYTES = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

export interface OutputTailOptions {
  readonly path: string;
  /** Where the first line not yet delivered begins, bytes. */
  readonly offset: number;
  /** A file that was read to its end is emptied beyond this size, bytes. */
  readonly keepBytes: number;
  /** What is further behind than this is dropped, bytes. */
  readonly maxBehindBytes: number;
  readonly onLine: (line: string) => void;
}

/** Follows one append-only file, which another process writes, line by line. Reads only when told to. */
export class OutputTail {
  readonly #options: OutputTailOptions;
  #offset: number;
  /** Of the line whose end is not there yet. */
  #partial: Buffer = Buffer.alloc(0);

  constructor(options: OutputTailOptions) {
    this.#options = options;
    this.#offset = options.offset;
  }

  /** Where the first line not yet delivered begins. */
  get offset(): number {
    return this.#offset - this.#partial.length;
  }

  /** Delivers what there is, up to a bound. Returns whether there may be more. A missing file is an empty one. */
  read(): boolean {
    let file: number;
    try {
      file = openSync(this.#options.path, 'r+');
    } catch (reason) {
      if ((reason as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw reason;
    }
    try {
      return this.#readFrom(file);
    } finally {
      closeSync(file);
    }
  }

  /** Another file is at the path now, to be read from its beginning. Call `finish` before. */
  restart(): void {
    this.#offset = 0;
    this.#partial = Buffer.alloc(0);
  }

  /** Delivers everything, the last line even if it has no end: its writer has gone. */
  finish(): void {
    while (this.read());
    if (this.#partial.length > 0) {
      const last = this.#partial;
      this.#partial = Buffer.alloc(0);
      this.#deliver(last);
    }
  }

  #readFrom(file: number): boolean {
    const { size } = fstatSync(file);
    if (size < this.#offset) {
      this.#offset = 0; // someone emptied it
      this.#partial = Buffer.alloc(0);
    }
    if (size - this.#offset > this.#options.maxBehindBytes) {
      ftruncateSync(file, 0);
      this.#options.onLine(`(${size - this.#offset} bytes of output were dropped: written faster than read)`);
      this.#offset = 0;
      this.#partial = Buffer.alloc(0);
      return false;
    }
    const end = Math.min(size, this.#offset + TURN_BYTES);
    while (this.#offset < end) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - this.#offset));
      const length = readSync(file, chunk, 0, chunk.length, this.#offset);
      if (length === 0) break;
      this.#offset += length;
      this.#split(chunk.subarray(0, length));
    }
    // A line written between this look at the size and the truncation is lost; the window is a few microseconds.
    if (this.#offset > this.#options.keepBytes && fstatSync(file).size === this.#offset) {
      ftruncateSync(file, 0);
      this.#offset = 0;
      if (this.#partial.length > 0) {
        this.#deliver(this.#partial);
        this.#partial = Buffer.alloc(0);
      }
    }
    return this.#offset < fstatSync(file).size;
  }

  #split(chunk: Buffer): void {
    let rest = this.#partial.length === 0 ? chunk : Buffer.concat([this.#partial, chunk]);
    for (;;) {
      const newline = rest.indexOf(10);
      const length = newline < 0 ? rest.length : newline;
      if (length > MAX_LINE_BYTES) {
        this.#deliver(rest.subarray(0, MAX_LINE_BYTES));
        rest = rest.subarray(MAX_LINE_BYTES);
      } else if (newline < 0) {
        break;
      } else {
        this.#deliver(rest.subarray(0, newline));
        rest = rest.subarray(newline + 1);
      }
    }
    this.#partial = Buffer.from(rest);
  }

  #deliver(line: Buffer): void {
    const text = line.toString('utf8').replace(/\r$/, '');
    if (text !== '') this.#options.onLine(text);
  }
}
