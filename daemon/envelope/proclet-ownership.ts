import type { OwnershipSettled } from '../../sdk/protocol/control.js';
import { type Clock, machineMonotonic } from '../processes/clock.js';
import type { ProcletConnection } from './control-server.js';

/** Of one process: what it said of the keys it owns, and until when they are its own. */
export class ProcletOwnership {
  readonly #clock: Clock;
  /** By owned component. */
  readonly #settled = new Map<string, number>();
  /** Of the daemon's clock. */
  #leasedUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether that is news. */
  settled({ component, epoch }: OwnershipSettled): boolean {
    if (this.#settled.get(component) === epoch) return false;
    this.#settled.set(component, epoch);
    return true;
  }

  observed(): readonly OwnershipSettled[] {
    return [...this.#settled].map(([component, epoch]) => ({ component, epoch }));
  }

  /** A lease never becomes shorter. */
  lease(until: number, link: ProcletConnection | undefined): void {
    if (until <= this.#leasedUntil) return;
    this.#leasedUntil = until;
    this.tell(link);
  }

  /** Also when it comes back: it may have missed the newest. */
  tell(link: ProcletConnection | undefined): void {
    const left = this.#leasedUntil - this.#clock.monotonic();
    if (left > 0) link?.send('OwnershipLease', { until: machineMonotonic() + left });
  }
}
