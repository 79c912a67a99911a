import type { LogEntry } from '../protocol/control.js';

const MAX_MESSAGE = 16 * 1024;

/** One of pino's JSON lines as the daemon keeps it. */
export function logEntry(line: string): LogEntry {
  const { time, level, component, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const message = String(msg ?? '');
  return {
    time: Number(time),
    level: Number(level),
    component: String(component ?? ''),
    message: message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message,
    fields,
  };
}
