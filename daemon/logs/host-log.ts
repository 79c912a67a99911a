import type { LogLine } from '../api/api-types.js';
import type { Clock } from '../processes/clock.js';
import type { LogFilter, LogStore } from './log-store.js';

/** What is wanted of the log of one host. */
export interface LogPull {
  readonly filter: Omit<LogFilter, 'since' | 'before'>;
  readonly limit: number;
  /** Those that follow this sequence, oldest first; without it the newest. */
  readonly after?: number | undefined;
  /** Of the newest, those before this sequence. */
  readonly before?: number | undefined;
  /** How long to wait for a first line after `after` while there is none, ms; default 0. */
  readonly waitMs?: number | undefined;
}

export interface LogPage {
  /** In the order of their sequences. */
  readonly lines: readonly LogLine[];
  /** Where to go on, as `after`: all lines up to it that fit are in this page or were before it. */
  readonly cursor: number;
  /** There are more than fitted into this page, in the direction that was asked for. */
  readonly more: boolean;
}

export const MAX_PAGE_LINES = 1000;
/** As JSON, characters: below the 1 MiB that NATS lets pass by default, also where each takes two bytes. */
const MAX_PAGE_CHARACTERS = 400 * 1024;
export const MAX_WAIT_MS = 10_000;
/** Lines that come together are one page, ms. */
const GATHER_MS = 20;
const MAX_WAITING = 128;

/** The log of this host, page by page, bounded, for whoever asks. */
export class HostLog {
  readonly #store: Pick<LogStore, 'query' | 'follow' | 'newest'>;
  readonly #clock: Pick<Clock, 'after'>;
  #waiting = 0;

  constructor(store: Pick<LogStore, 'query' | 'follow' | 'newest'>, clock: Pick<Clock, 'after'>) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Rejects when too many wait. An aborted one answers at once. */
  async pull(pull: LogPull, signal?: AbortSignal): Promise<LogPage> {
    const page = this.#page(pull);
    const waitMs = Math.min(pull.waitMs ?? 0, MAX_WAIT_MS);
    if (page.lines.length > 0 || waitMs <= 0 || signal?.aborted === true) return page;
    if (this.#waiting >= MAX_WAITING)
      throw new Error(`${MAX_WAITING} follow the log of this host already: end some of them`);
    this.#waiting++;
    try {
      await this.#nextLine(pull.filter, waitMs, signal);
    } finally {
      this.#waiting--;
    }
    return this.#page(pull);
  }

  #page({ filter, limit, after, before }: LogPull): LogPage {
    const { newest } = this.#store;
    const most = Math.max(0, Math.min(limit, MAX_PAGE_LINES));
    // One more than asked for tells whether there are more.
    const found = this.#store.query({ ...filter, since: after, before, limit: most + 1 });
    if (after === undefined) {
      const lines = withinSize(found.slice(-most || found.length).reverse()).reverse();
      return { lines, cursor: newest, more: lines.length < found.length };
    }
    const lines = withinSize(found.slice(0, most));
    const more = lines.length < found.length;
    return { lines, cursor: more ? (lines.at(-1)?.sequence ?? after) : newest, more };
  }

  /** Resolves soon after the next line that fits, after the time, or when it is aborted. */
  #nextLine(filter: LogFilter, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      let cancelGather: (() => void) | undefined;
      const end = () => {
        cancelWait();
        cancelGather?.();
        unfollow();
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const cancelWait = this.#clock.after(waitMs, end);
      const unfollow = this.#store.follow(filter, () => {
        cancelGather ??= this.#clock.after(GATHER_MS, end);
      });
      signal?.addEventListener('abort', end);
    });
  }
}

/** As many from the first on as fit into a page, but one at least. */
function withinSize(lines: readonly LogLine[]): LogLine[] {
  const fitting: LogLine[] = [];
  let characters = 0;
  for (const line of lines) {
    characters += JSON.stringify(line).length;
    if (characters > MAX_PAGE_CHARACTERS && fitting.length > 0) break;
    fitting.push(line);
  }
  return fitting;
}
