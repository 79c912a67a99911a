import type { LogCursor, LogItem } from '../api/api-types.js';
import { messageOf } from '../bus/keyed-log.js';
import { type LogPage, type LogPull, MAX_PAGE_LINES } from '../logs/host-log.js';
import type { Clock } from '../processes/clock.js';
import { LogMerger } from './log-merger.js';

export interface LogFollowOptions {
  readonly filter: LogPull['filter'];
  readonly cursor: LogCursor;
  /** Of the moment; asked again and again. */
  readonly hosts: () => readonly string[];
  readonly pull: (host: string, pull: LogPull, signal: AbortSignal) => Promise<LogPage>;
  readonly listener: (item: LogItem) => void;
  /** Whether one more may wait at a host for a line; false: it looks now and then. Returned when it no longer does. */
  readonly slots: { take(): boolean; give(): void };
  readonly clock: Pick<Clock, 'after' | 'monotonic'>;
}

/** A line that another host wrote before it, and that comes within this time, is shown before it, ms. */
const WINDOW_MS = 250;
/** Each request to a host is a lease: it ends by itself when nobody asks again. */
const WAIT_MS = 4000;
/** Between looks at the hosts that there are. */
const HOSTS_MS = 2000;
/** Between looks at a host that does not answer, or at which there is no slot to wait. */
const RETRY_MS = 1000;
/** Lines beyond are passed on before their window is over. */
const MAX_WAITING_LINES = 20_000;

/**
 * Follows the logs of all hosts, also of those that join later. Each host is asked, over and over, for what comes after the
 * last line had of it, and answers when there is some: an answer that is lost is asked for again, so that no line is lost
 * or comes twice, and a follower that is forgotten costs nothing.
 */
export class LogFollow {
  readonly #options: LogFollowOptions;
  readonly #merger: LogMerger;
  readonly #cursors: Map<string, number>;
  readonly #pulling = new Set<string>();
  readonly #missing = new Set<string>();
  readonly #ended = new AbortController();
  #cancelFlush: (() => void) | undefined;
  #cancelHosts: (() => void) | undefined;

  constructor(options: LogFollowOptions) {
    this.#options = options;
    this.#cursors = new Map(Object.entries(options.cursor.after));
    this.#merger = new LogMerger(WINDOW_MS);
    this.#lookForHosts();
  }

  end(): void {
    this.#ended.abort();
    this.#cancelFlush?.();
    this.#cancelHosts?.();
  }

  #lookForHosts(): void {
    const { hosts, clock } = this.#options;
    for (const host of hosts()) {
      if (this.#pulling.has(host)) continue;
      this.#pulling.add(host);
      void this.#followHost(host).finally(() => this.#pulling.delete(host));
    }
    this.#cancelHosts = clock.after(HOSTS_MS, () => this.#lookForHosts());
  }

  /** Until it is no longer among the hosts. Never rejects. */
  async #followHost(host: string): Promise<void> {
    const { signal } = this.#ended;
    const { hosts, slots } = this.#options;
    while (!signal.aborted) {
      const mayWait = slots.take();
      let isIdle: boolean;
      try {
        const page = await this.#pullFrom(host, mayWait ? WAIT_MS : 0);
        if (signal.aborted) return;
        this.#take(host, page);
        isIdle = !mayWait && !page.more;
      } catch (reason) {
        if (signal.aborted || !hosts().includes(host)) return;
        this.#onMissing(host, messageOf(reason));
        isIdle = true;
      } finally {
        if (mayWait) slots.give();
      }
      if (isIdle) await this.#pause(RETRY_MS);
    }
  }

  #pullFrom(host: string, waitMs: number): Promise<LogPage> {
    const { filter, cursor, pull } = this.#options;
    const known = this.#cursors.get(host);
    // Of a host that was not there when this began, all since then.
    const wanted =
      known === undefined ? { filter: { ...filter, from: cursor.from }, after: 0 } : { filter, after: known };
    return pull(host, { ...wanted, limit: MAX_PAGE_LINES, waitMs }, this.#ended.signal);
  }

  #take(host: string, { lines, cursor }: LogPage): void {
    const { listener, clock } = this.#options;
    if (this.#missing.delete(host)) listener({ found: host });
    this.#cursors.set(host, cursor);
    this.#merger.add(host, lines, clock.monotonic());
    if (this.#pulling.size <= 1 || this.#merger.size > MAX_WAITING_LINES) this.#passOn(this.#merger.all());
    else this.#flushLater();
  }

  #flushLater(): void {
    if (this.#merger.size === 0) return;
    const { clock } = this.#options;
    this.#cancelFlush ??= clock.after(WINDOW_MS / 5, () => {
      this.#cancelFlush = undefined;
      this.#passOn(this.#merger.due(clock.monotonic()));
      this.#flushLater();
    });
  }

  #passOn(lines: readonly LogItem[]): void {
    for (const line of lines) if (!this.#ended.signal.aborted) this.#options.listener(line);
  }

  #onMissing(host: string, reason: string): void {
    if (this.#missing.has(host)) return;
    this.#missing.add(host);
    this.#options.listener({ missing: host, reason });
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#ended;
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const cancel = this.#options.clock.after(ms, end);
      signal.addEventListener('abort', end);
    });
  }
}
