import type { LogCursor, LogItem, LogLine } from '../api/api-types.js';
import type { LogQuery } from '../api/client.js';
import type { Bus } from '../bus/bus.js';
import type { Subjects } from '../bus/subjects.js';
import type { HostLog, LogPage, LogPull } from '../logs/host-log.js';
import type { Clock } from '../processes/clock.js';
import { askHosts, type MissingHost } from './ask-hosts.js';
import { LogFollow } from './log-follow.js';
import { LogMerger } from './log-merger.js';
import { pullLog } from './log-service.js';

export interface ClusterLogsOptions {
  /** This host, whose log is at hand. */
  readonly host: string;
  readonly local: HostLog;
  readonly bus: Bus;
  readonly subjects: Subjects;
  /** Those that may have lines, as far as is known here, by whether they are there. */
  readonly hosts: () => { readonly present: readonly string[]; readonly absent: readonly string[] };
  readonly clock: Pick<Clock, 'now' | 'after' | 'monotonic'>;
}

export interface LogAnswer {
  /** In the order of their times, each with its host. */
  readonly lines: readonly LogLine[];
  /** To follow from there. */
  readonly cursor: LogCursor;
  readonly missing: readonly MissingHost[];
}

const DEFAULT_LIMIT = 1000;
const MAX_LIMIT = 20_000;
const MAX_FOLLOWERS = 64;
/** Hosts at which followers of this daemon wait for a line; the bus bears no more requests at a time. */
const MAX_WAITING = 256;
const ABSENT = 'it is dead or has left the cluster';

/** The logs of all hosts as one. */
export class ClusterLogs {
  readonly #options: ClusterLogsOptions;
  readonly #slots: WaitingSlots = new WaitingSlots(MAX_WAITING);
  readonly #follows = new Set<LogFollow>();

  constructor(options: ClusterLogsOptions) {
    this.#options = options;
  }

  /** The newest that fit, with `since` only those after it; of hosts that do not answer, why. Never rejects. */
  async query(query: LogQuery): Promise<LogAnswer> {
    const { clock, host } = this.#options;
    const limit = Math.min(query.limit ?? DEFAULT_LIMIT, MAX_LIMIT);
    const from = clock.now();
    const { present, absent } = this.#options.hosts();
    const asked = [...new Set([host, ...present])];
    const { answers, missing } = await askHosts(asked, (each) => this.#newest(each, query, limit));
    const merger = new LogMerger(0);
    for (const { host: each, answer } of answers) merger.add(each, answer.lines, 0);
    const lines = merger.all();
    return {
      lines: lines.slice(Math.max(0, lines.length - limit)),
      cursor: {
        from: query.since?.from ?? from,
        after: Object.fromEntries(answers.map(({ host: each, answer }) => [each, answer.cursor])),
      },
      missing: [
        ...missing,
        ...absent.filter((each) => !asked.includes(each)).map((each) => ({ host: each, reason: ABSENT })),
      ],
    };
  }

  /**
   * What comes after `since`, or from now on, until the returned function is called; the listener must not throw. Throws
   * when too many follow.
   */
  follow(query: LogQuery, listener: (item: LogItem) => void): () => void {
    const { clock, host, hosts } = this.#options;
    if (this.#follows.size >= MAX_FOLLOWERS)
      throw new Error(`${MAX_FOLLOWERS} follow the logs through this daemon already: end some of them`);
    const follow = new LogFollow({
      filter: filterOf(query),
      cursor: query.since ?? { from: clock.now(), after: {} },
      hosts: () => [...new Set([host, ...hosts().present])],
      pull: (each, pull, signal) => this.#pull(each, pull, signal),
      listener,
      slots: this.#slots,
      clock,
    });
    this.#follows.add(follow);
    return () => {
      this.#follows.delete(follow);
      follow.end();
    };
  }

  close(): void {
    for (const follow of this.#follows) follow.end();
    this.#follows.clear();
  }

  async #newest(host: string, query: LogQuery, limit: number): Promise<LogPage> {
    const filter = filterOf(query);
    const since = query.since?.after[host];
    if (query.since !== undefined && since === undefined)
      return this.#newest(host, { ...query, since: undefined, from: query.since.from }, limit);
    let lines: readonly LogLine[] = [];
    let first: LogPage | undefined;
    for (;;) {
      const page = await this.#pull(host, {
        filter,
        limit: limit - lines.length,
        before: lines[0]?.sequence,
      });
      first ??= page;
      lines = [...page.lines.filter(({ sequence }) => since === undefined || sequence > since), ...lines];
      const isOver = !page.more || page.lines.length === 0 || lines.length >= limit;
      if (isOver || (page.lines[0]?.sequence ?? 0) <= (since ?? 0))
        return { lines, cursor: first.cursor, more: false };
    }
  }

  #pull(host: string, pull: LogPull, signal?: AbortSignal): Promise<LogPage> {
    const { bus, subjects, local } = this.#options;
    return host === this.#options.host ? local.pull(pull, signal) : pullLog(bus, subjects, host, pull);
  }
}

class WaitingSlots {
  #left: number;

  constructor(count: number) {
    this.#left = count;
  }

  take(): boolean {
    if (this.#left <= 0) return false;
    this.#left--;
    return true;
  }

  give(): void {
    this.#left++;
  }
}

function filterOf({ app, component, replica, level, from }: LogQuery): LogPull['filter'] {
  return { app, component, replica, level, from };
}
