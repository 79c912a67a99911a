import { LEASE_MS } from './host-messages.js';

/** Heartbeats and reports that are remembered; at most 50 a second are sent. */
const MAX_TIMES = 1024;

/** When heartbeats were sent, by which the leader's answers are counted: no message is older than what it answers. */
export class HeartbeatTimes {
  readonly #sentAt = new Map<number, number>();

  /** `at`: before it is sent, monotonic ms. */
  sending(sequence: number, at: number): void {
    this.#sentAt.set(sequence, at);
    for (const [oldest, sentAt] of this.#sentAt) {
      if (this.#sentAt.size <= MAX_TIMES && sentAt + LEASE_MS > at) break;
      this.#sentAt.delete(oldest);
    }
  }

  /** Monotonic ms; undefined for a heartbeat that was never sent, or so long ago that its lease is over. */
  leaseUntil(heard: number): number | undefined {
    const sentAt = this.#sentAt.get(heard);
    return sentAt === undefined ? undefined : sentAt + LEASE_MS;
  }
}
