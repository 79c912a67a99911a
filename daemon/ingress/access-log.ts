import { type FileHandle, mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { IngressClock } from './ingress-routes.js';

/** One exchange that is over. */
export interface AccessEntry {
  readonly app: string;
  readonly listener: string;
  /** Its address: that of the proxy before this one, where there is one. */
  readonly client: string;
  readonly protocol: 'http' | 'https';
  readonly method: string;
  /** Without the query, which may hold secrets. */
  readonly path: string;
  /** Undefined when the client went before it had one. */
  readonly status: number | undefined;
  /** From the request's head to the answer's. */
  readonly answeredMs: number | undefined;
  readonly totalMs: number;
  /** Of the answer's body, as far as it was passed on. */
  readonly bytes: number;
  readonly replica: string | undefined;
  readonly version: string | undefined;
}

/** Lines that wait for the disk, bytes; beyond it they are dropped, and counted. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
const WRITE_EVERY_MS = 200;
/** Then the file becomes `.1`, in the place of an older one. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** A file with one JSON object a line. What the disk does not take is dropped: requests never wait for it. */
export class AccessLog {
  readonly #file: string;
  readonly #clock: IngressClock;
  readonly #onProblem: (message: string) => void;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #isScheduled = false;
  #writing: Promise<void> = Promise.resolve();
  #isFailing = false;

  constructor(file: string, clock: IngressClock, onProblem: (message: string) => void) {
    this.#file = file;
    this.#clock = clock;
    this.#onProblem = onProblem;
  }

  add(entry: AccessEntry): void {
    const line = `${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`;
    if (this.#waitingBytes + line.length > MAX_WAITING_BYTES) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.after(WRITE_EVERY_MS, () => void this.flush());
  }

  /** Resolves when what was added is written, or could not be. */
  flush(): Promise<void> {
    this.#isScheduled = false;
    const lines = this.#waiting;
    if (this.#dropped > 0) {
      lines.push(`${JSON.stringify({ time: new Date().toISOString(), dropped: this.#dropped })}\n`);
      this.#dropped = 0;
    }
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (lines.length > 0) this.#writing = this.#writing.then(() => this.#write(lines));
    return this.#writing;
  }

  async #write(lines: readonly string[]): Promise<void> {
    let file: FileHandle | undefined;
    try {
      await mkdir(dirname(this.#file), { recursive: true });
      const size = await stat(this.#file).then(
        (found) => found.size,
        () => 0, // there is none yet
      );
      if (size > MAX_FILE_BYTES) await rename(this.#file, `${this.#file}.1`);
      file = await open(this.#file, 'a', 0o600);
      await file.appendFile(lines.join(''));
      this.#isFailing = false;
    } catch (reason) {
      this.#dropped += lines.length;
      if (!this.#isFailing)
        this.#onProblem(
          `${this.#file} is not written: ${reason instanceof Error ? reason.message : String(reason)}`,
        );
      this.#isFailing = true;
    } finally {
      await file?.close();
    }
  }
}
