import type { Bus, Subscription } from '../bus/bus.js';
import type { Subjects } from '../bus/subjects.js';
import type { HostLog, LogPage, LogPull } from '../logs/host-log.js';

/** Beyond how long it may wait, ms. */
const ANSWER_MS = 2000;

/** Answers other daemons from the log of this host. */
export function serveLog(bus: Bus, subjects: Subjects, host: string, log: HostLog): Subscription {
  return bus.serve(subjects.logs(host), (body) => {
    const pull = readPull(body);
    if (pull === undefined)
      throw new Error('what is wanted of the log cannot be read; is it a newer weaverd?');
    return log.pull(pull);
  });
}

/** Rejects with the bus's BusError, or when the answer is none. */
export async function pullLog(bus: Bus, subjects: Subjects, host: string, pull: LogPull): Promise<LogPage> {
  const timeoutMs = (pull.waitMs ?? 0) + ANSWER_MS;
  const page = await bus.request(subjects.logs(host), pull, { timeoutMs });
  if (!isPage(page)) throw new Error('its answer cannot be read; is it a newer weaverd?');
  return page;
}

function readPull(body: unknown): LogPull | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { filter, limit, after, before, waitMs } = body as Partial<Record<keyof LogPull, unknown>>;
  if (typeof filter !== 'object' || filter === null || !isNumber(limit)) return undefined;
  return [after, before, waitMs].every((each) => each === undefined || isNumber(each))
    ? (body as LogPull)
    : undefined;
}

/** The lines themselves are trusted, as only daemons can publish. */
function isPage(body: unknown): body is LogPage {
  if (typeof body !== 'object' || body === null) return false;
  const { lines, cursor, more } = body as Partial<Record<keyof LogPage, unknown>>;
  return Array.isArray(lines) && isNumber(cursor) && typeof more === 'boolean';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
