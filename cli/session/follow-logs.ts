import { ApiError } from '../../daemon/api/api-error.js';
import type { LogCursor, LogItem, LogLine, LogNotice } from '../../daemon/api/api-types.js';
import type { LogQuery } from '../../daemon/api/client.js';
import type { CliEnvironment } from '../environment.js';

const RETRY_MS = 500;

export interface LogSource {
  logs(query: LogQuery, signal?: AbortSignal): AsyncIterable<LogItem>;
}

export interface FollowOptions {
  /** Lines after these. */
  readonly after: LogCursor;
  /** Hosts of which it is known that they do not answer. */
  readonly missing?: readonly string[];
  /** Hears what stands between the lines. */
  readonly onNotice?: (notice: LogNotice) => void;
  readonly signal: AbortSignal;
  /** Asked when the daemon went away: whether to wait for it to come back, instead of ending there. */
  readonly outliveDaemon: () => boolean;
}

/**
 * Log lines from a point on, as they come, until the signal. A stream that the daemon cut, since we were too slow, is taken up
 * where it ended.
 */
export async function* followLogs(
  source: LogSource,
  query: Omit<LogQuery, 'since' | 'follow' | 'limit'>,
  cli: Pick<CliEnvironment, 'sleep'>,
  { after, signal, outliveDaemon, missing: known = [], onNotice }: FollowOptions,
): AsyncGenerator<LogLine> {
  let since = after;
  const missing = new Set(known);
  const notice = (given: LogNotice) => {
    // A stream that is taken up again tells once more of a host that is missing still.
    if ('missing' in given && missing.has(given.missing)) return;
    if ('missing' in given) missing.add(given.missing);
    if ('found' in given) missing.delete(given.found);
    onNotice?.(given);
  };
  while (!signal.aborted) {
    let cut = false;
    try {
      for await (const item of source.logs({ ...query, since, follow: true }, signal)) {
        cut = 'cut' in item;
        if (cut) break;
        if (!isLine(item)) {
          notice(item);
          continue;
        }
        since = advanced(since, item);
        yield item;
      }
    } catch (reason) {
      if (signal.aborted) return;
      if (!(reason instanceof ApiError)) throw reason;
      if (!outliveDaemon()) {
        if (reason.code === 'DAEMON_LOST') return;
        throw reason;
      }
    }
    if (cut) continue;
    if (!outliveDaemon()) return;
    await cli.sleep(RETRY_MS, signal);
  }
}

export interface ReadLogs {
  /** Oldest first. */
  readonly lines: readonly LogLine[];
  readonly cursor: LogCursor;
  readonly missing: readonly { readonly missing: string; readonly reason: string }[];
}

/** The newest lines that fit, as many as the query's limit. */
export async function readLogs(
  source: LogSource,
  query: Omit<LogQuery, 'follow' | 'since'>,
): Promise<ReadLogs> {
  const items: LogItem[] = [];
  for await (const item of source.logs(query)) items.push(item);
  return {
    lines: items.filter(isLine),
    cursor: items.flatMap((item) => ('cursor' in item ? [item.cursor] : [])).at(-1) ?? FROM_THE_START,
    missing: items.flatMap((item) => ('missing' in item ? [item] : [])),
  };
}

const FROM_THE_START: LogCursor = { from: 0, after: {} };

function isLine(item: LogItem): item is LogLine {
  return 'sequence' in item;
}

function advanced({ from, after }: LogCursor, { host, sequence }: LogLine): LogCursor {
  return host === undefined ? { from, after } : { from, after: { ...after, [host]: sequence } };
}
