import type { Clock } from '../transport/clock.js';

/** Until when a process may act for what it owns. */
export interface Lease {
  readonly holds: boolean;
  /** Rises each time the lease has run out: since then others may have owned what was owned before. */
  readonly term: number;
  /** Called when it has run out, and when it holds again. */
  onChange(listener: (holds: boolean) => void): void;
}

/** Of a process whose daemon starts and ends all owners itself. */
export const ENDLESS: Lease = { holds: true, term: 0, onChange: () => undefined };

/** One that is prolonged by the host's daemon. It does not hold before it was first. */
export class RenewedLease implements Lease {
  readonly #clock: Clock;
  readonly #listeners: ((holds: boolean) => void)[] = [];
  #until = Number.NEGATIVE_INFINITY;
  #term = 0;
  #lapsed = true;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get holds(): boolean {
    this.#check();
    return !this.#lapsed;
  }

  get term(): number {
    this.#check();
    return this.#term;
  }

  onChange(listener: (holds: boolean) => void): void {
    this.#listeners.push(listener);
  }

  /** `until` on the clock, ms; one that is not later changes nothing. */
  renew(until: number): void {
    if (!(until > this.#until)) return;
    // One that comes too late does not bridge the gap: in it, others may have acted.
    this.#check();
    this.#until = until;
    if (this.#clock.now() >= until) return;
    const isBack = this.#lapsed;
    this.#lapsed = false;
    this.#watch();
    if (isBack) this.#tell();
  }

  /** A process that was paused may be asked before its timer has noticed. */
  #check(): void {
    if (!this.#lapsed && this.#clock.now() >= this.#until) this.#lapse();
  }

  #watch(): void {
    this.#cancel();
    this.#cancel = this.#clock.schedule(this.#until - this.#clock.now(), () => {
      if (this.holds) this.#watch(); // the timer was early
    });
  }

  #lapse(): void {
    this.#lapsed = true;
    this.#term++;
    this.#cancel();
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(!this.#lapsed);
  }
}

/** What CLOCK_MONOTONIC, which the processes of a host share, shows more than the clock of this process, ms. */
export function monotonicOffset(clock: Clock): number {
  return Number(process.hrtime.bigint()) / 1e6 - clock.now();
}
