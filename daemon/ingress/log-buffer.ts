import type { LogEntry, Logs } from '../../sdk/protocol/control.js';

const MAX_ENTRIES = 256;
const LEVELS = { info: 30, warn: 40, error: 50 } as const;

/** Log entries that wait for a daemon to take them; the oldest are dropped, and counted. */
export class LogBuffer {
  #entries: LogEntry[] = [];
  #dropped = 0;

  add(level: keyof typeof LEVELS, message: string): void {
    if (this.#entries.length >= MAX_ENTRIES) {
      this.#entries.shift();
      this.#dropped++;
    }
    this.#entries.push({
      time: Date.now(),
      level: LEVELS[level],
      component: 'ingress',
      message,
      fields: {},
    });
  }

  /** Sends what is there, and keeps it when it could not be sent. */
  flush(send: (logs: Logs) => boolean): void {
    if (this.#entries.length === 0 && this.#dropped === 0) return;
    if (!send({ entries: this.#entries, dropped: this.#dropped })) return;
    this.#entries = [];
    this.#dropped = 0;
  }
}
