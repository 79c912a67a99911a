import { type Bus, publishBestEffort } from '../bus/bus.js';
import type { Subjects } from '../bus/subjects.js';
import type { EventLog } from '../manager/event-log.js';

const MAX_TEXT = 4096;

/** Tells the other daemons what this one's event log is told, and this one what theirs are. Returns what ends it. */
export function shareEvents(bus: Bus, subjects: Subjects, host: string, events: EventLog): () => void {
  const subscription = bus.subscribe(subjects.events, (body) => {
    const event = readEvent(body);
    if (event !== undefined && event.origin !== host) events.add(event);
  });
  const unfollow = events.follow((event) => {
    if (event.origin === undefined) publishBestEffort(bus, subjects.events, { ...event, origin: host });
  });
  return () => {
    unfollow();
    subscription.close();
  };
}

function readEvent(body: unknown) {
  if (typeof body !== 'object' || body === null) return undefined;
  const { at, app, host, kind, message, origin } = body as Partial<Record<string, unknown>>;
  if (typeof at !== 'number' || !isText(kind) || !isText(message) || !isText(origin)) return undefined;
  return {
    at,
    kind,
    message,
    origin,
    app: isText(app) ? app : undefined,
    ...(isText(host) ? { host } : {}),
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}
