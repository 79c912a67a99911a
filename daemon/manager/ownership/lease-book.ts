import { LEASE_MARGIN_MS, LEASE_MS } from '../../host/host-messages.js';
import { formatHolder, type Run } from './holder.js';

/**
 * Until when the replicas of hosts may act that are not heard any more, as one leader knows it. Times are its monotonic ms. What
 * earlier leaders granted counts from the beginning of its term.
 */
export class LeaseBook {
  readonly #since: number;
  readonly #heardAt = new Map<string, number>();

  constructor(since: number) {
    this.#since = since;
  }

  /** The replica is told that a heartbeat of its host was heard then. */
  note(app: string, holder: Run, heardAt: number): void {
    this.#heardAt.set(keyOf(app, holder), heardAt);
  }

  /** From then on that process certainly acts for nothing, unless it is noted again. */
  lapsesAt(app: string, holder: Run): number {
    const heardAt = this.#heardAt.get(keyOf(app, holder)) ?? this.#since;
    return Math.max(heardAt, this.#since) + LEASE_MS + LEASE_MARGIN_MS;
  }

  /** Forgets those that have lapsed, since nobody asks for them otherwise than for one that was never noted. */
  prune(now: number): void {
    if (now < this.#since + LEASE_MS + LEASE_MARGIN_MS) return;
    for (const [key, heardAt] of this.#heardAt)
      if (now >= heardAt + LEASE_MS + LEASE_MARGIN_MS) this.#heardAt.delete(key);
  }
}

function keyOf(app: string, holder: Run): string {
  return `${app}/${formatHolder(holder)}`;
}
