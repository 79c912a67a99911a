import { ApiError } from '../../daemon/api/api-error.js';
import type { LogLine } from '../../daemon/api/api-types.js';
import type { LogQuery } from '../../daemon/api/client.js';
import type { CliEnvironment } from '../environment.js';

/** More than the daemon keeps of an app in memory. */
export const MOST_LOG_LINES = 10_000;
const RETRY_MS = 500;

export interface LogSource {
  logs(query: LogQuery, signal?: AbortSignal): AsyncIterable<LogLine>;
}

export interface FollowOptions {
  /** Lines after the one of this sequence. */
  readonly after: number;
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
  { after, signal, outliveDaemon }: FollowOptions,
): AsyncGenerator<LogLine> {
  let since = after;
  while (!signal.aborted) {
    let cut = false;
    try {
      for await (const line of source.logs(
        { ...query, since, follow: true, limit: MOST_LOG_LINES },
        signal,
      )) {
        cut = isCut(line);
        if (cut) break;
        since = line.sequence;
        yield line;
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

/** All lines that there are and fit, oldest first. */
export async function readLogs(
  source: LogSource,
  query: Omit<LogQuery, 'follow'>,
): Promise<readonly LogLine[]> {
  const lines: LogLine[] = [];
  for await (const line of source.logs({ limit: MOST_LOG_LINES, ...query })) lines.push(line);
  return lines;
}

/** The daemon's last word to a reader that is too slow is no log line. */
function isCut(line: LogLine): boolean {
  return 'cut' in line;
}
