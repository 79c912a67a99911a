import type { DaemonEvent } from '../api/api-types.js';

const MAX_EVENTS = 1000;

/** The newest events of this daemon. */
export class EventLog {
  readonly #events: DaemonEvent[] = [];
  readonly #followers = new Set<(event: DaemonEvent) => void>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  tell(kind: string, message: string, app?: string, host?: string): void {
    this.add({ at: this.#now(), app, kind, message, ...(host === undefined ? {} : { host }) });
  }

  add(event: DaemonEvent): void {
    this.#events.push(event);
    if (this.#events.length > MAX_EVENTS) this.#events.shift();
    for (const follower of this.#followers) follower(event);
  }

  /** Oldest first. */
  newest(limit: number): readonly DaemonEvent[] {
    return limit <= 0 ? [] : this.#events.slice(-limit);
  }

  /** Returns what ends it. A follower may not throw. */
  follow(follower: (event: DaemonEvent) => void): () => void {
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }
}
