import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogLine } from '../api/api-types.js';
import type { Clock } from '../processes/clock.js';
import { LogFile } from './log-file.js';
import { parseLogLine, storedLogLine } from './log-line.js';
import { RingBuffer } from './ring-buffer.js';

export interface LogStoreOptions {
  /** `<app>.jsonl` and `<app>.jsonl.1` in it. */
  readonly folder: string;
  readonly clock: Clock;
  /** A lasting trouble with the file of an app; undefined when it is over. */
  readonly onProblem: (app: string, problem: string | undefined) => void;
  /** Of each app, in memory. Defaults 2000 lines and 2 MiB. */
  readonly maxLines?: number;
  readonly maxBytes?: number;
  /** Of a file, before it makes way for a new one. Default 16 MiB. */
  readonly maxFileBytes?: number;
}

/** Every field that is given must fit. */
export interface LogFilter {
  readonly app?: string | undefined;
  readonly component?: string | undefined;
  readonly replica?: string | undefined;
  /** This level and above; pino's numbers. */
  readonly level?: number | undefined;
  /** Lines after the one of this sequence. */
  readonly since?: number | undefined;
  /** Lines before the one of this sequence. */
  readonly before?: number | undefined;
  /** Not older than this, Unix ms. */
  readonly from?: number | undefined;
}

interface AppLog {
  readonly lines: RingBuffer<LogLine>;
  readonly file: LogFile;
}

export type LogListener = (line: LogLine) => void;

const DEFAULT_LIMIT = 1000;
const MAX_FOLLOWERS = 256;
const SUFFIX = '.jsonl';

/** The newest log lines of every app: in memory to be asked for, in files to outlive the daemon. */
export class LogStore {
  readonly #options: LogStoreOptions;
  readonly #apps = new Map<string, AppLog>();
  readonly #followers = new Set<{ readonly filter: LogFilter; readonly listener: LogListener }>();
  #sequence = 0;

  private constructor(options: LogStoreOptions) {
    this.#options = options;
  }

  /** Reads the ends of the files that are there. */
  static async open(options: LogStoreOptions): Promise<LogStore> {
    const store = new LogStore(options);
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(options.folder)) {
      if (name.endsWith(SUFFIX)) await store.#read(name.slice(0, -SUFFIX.length));
    }
    // Above all that was given before, also to lines that did not reach the disk, and to those of a folder that was lost:
    // who goes on from a line of then misses none.
    store.#sequence = Math.max(store.#sequence, options.clock.now());
    return store;
  }

  /** Sequence of the newest line; all lines to come have higher ones. */
  get newest(): number {
    return this.#sequence;
  }

  append(given: Omit<LogLine, 'sequence'>): LogLine {
    const { line, json } = storedLogLine({ ...given, sequence: ++this.#sequence });
    const { lines, file } = this.#app(line.app);
    lines.push(line, json.length);
    file.append(json);
    for (const { filter, listener } of this.#followers) {
      if (fits(line, filter)) listener(line);
    }
    return line;
  }

  /**
   * Oldest first. Without `since` the newest `limit` lines, with it the `limit` lines that follow it, so that one can
   * page on. The default limit is 1000.
   */
  query(filter: LogFilter & { readonly limit?: number | undefined }): LogLine[] {
    const found: LogLine[] = [];
    for (const [app, { lines }] of this.#apps) {
      if (filter.app !== undefined && filter.app !== app) continue;
      for (const line of lines.oldestFirst()) if (fits(line, filter)) found.push(line);
    }
    found.sort((a, b) => a.sequence - b.sequence);
    const limit = Math.max(0, filter.limit ?? DEFAULT_LIMIT);
    return filter.since === undefined
      ? found.slice(Math.max(0, found.length - limit))
      : found.slice(0, limit);
  }

  /**
   * Tells of each line from now on, at once; the listener must not throw. Returns the function that ends it. Throws
   * when too many follow.
   */
  follow(filter: LogFilter, listener: LogListener): () => void {
    if (this.#followers.size >= MAX_FOLLOWERS) {
      throw new Error(`${MAX_FOLLOWERS} follow the logs already: end some of them`);
    }
    const follower = { filter, listener };
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Deletes all lines of an app, in memory and on disk. */
  async remove(app: string): Promise<void> {
    const log = this.#apps.get(app);
    this.#apps.delete(app);
    await log?.file.remove();
  }

  /** Resolves when all lines are written, or could not be. */
  async close(): Promise<void> {
    await Promise.all([...this.#apps.values()].map(({ file }) => file.close()));
  }

  #app(app: string): AppLog {
    const known = this.#apps.get(app);
    if (known !== undefined) return known;
    const { clock, onProblem, maxLines = 2000, maxBytes = 2 * 1024 * 1024 } = this.#options;
    const made: AppLog = {
      lines: new RingBuffer(maxLines, maxBytes),
      file: new LogFile({
        path: join(this.#options.folder, `${app}${SUFFIX}`),
        maxBytes: this.#options.maxFileBytes ?? 16 * 1024 * 1024,
        clock,
        onProblem: (problem) => onProblem(app, problem),
      }),
    };
    this.#apps.set(app, made);
    return made;
  }

  async #read(app: string): Promise<void> {
    const { lines } = this.#app(app);
    const path = join(this.#options.folder, `${app}${SUFFIX}`);
    const bytes = this.#options.maxBytes ?? 2 * 1024 * 1024;
    const text = `${await endOf(`${path}.1`, bytes)}\n${await endOf(path, bytes)}`;
    let last = 0;
    for (const json of text.split('\n')) {
      const line = parseLogLine(json);
      // A write that failed half-way was done again: some lines are there twice.
      if (line === undefined || line.app !== app || line.sequence <= last) continue;
      lines.push(line, json.length);
      last = line.sequence;
    }
    this.#sequence = Math.max(this.#sequence, last);
  }
}

function fits(line: LogLine, filter: LogFilter): boolean {
  return (
    (filter.app === undefined || line.app === filter.app) &&
    (filter.component === undefined || line.component === filter.component) &&
    (filter.replica === undefined || line.replica === filter.replica) &&
    (filter.level === undefined || line.level >= filter.level) &&
    (filter.since === undefined || line.sequence > filter.since) &&
    (filter.before === undefined || line.sequence < filter.before) &&
    (filter.from === undefined || line.time >= filter.from)
  );
}

/** The last bytes of a file; the first line may be cut. Empty when there is none. */
async function endOf(path: string, bytes: number): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const length = Math.min(size, bytes);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.subarray(0, bytesRead).toString('utf8');
    } finally {
      await file.close();
    }
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw reason;
  }
}
