import type { IngressClock, IngressListenerStatus } from './ingress-routes.js';

export interface ReportedListeners {
  status(): readonly IngressListenerStatus[];
  readonly inFlight: number;
  rotate(elapsedMs: number): void;
}

/** Traffic is reported this often, while there is any. */
const WINDOW_MS = 2_000;
/** Changes of state are gathered for this long. */
const GATHER_MS = 20;

/** Decides when to report: soon after a change of state, every two seconds under traffic, and never when idle. */
export class StatusReporter {
  readonly #listeners: ReportedListeners;
  readonly #clock: IngressClock;
  readonly #send: (listeners: readonly IngressListenerStatus[]) => void;
  #lastSent = '';
  #windowStart = 0;
  #active = false;
  #cancelWindow: (() => void) | undefined;
  #cancelGather: (() => void) | undefined;

  constructor(
    listeners: ReportedListeners,
    clock: IngressClock,
    send: (listeners: readonly IngressListenerStatus[]) => void,
  ) {
    this.#listeners = listeners;
    this.#clock = clock;
    this.#send = send;
  }

  /** Requests come or go. Cheap. */
  activity(): void {
    this.#active = true;
    if (this.#cancelWindow !== undefined) return;
    this.#windowStart = this.#clock.now();
    this.#startWindow();
  }

  changed(): void {
    this.#cancelGather ??= this.#clock.after(GATHER_MS, () => {
      this.#cancelGather = undefined;
      this.#report();
    });
  }

  /** The next report goes out even if it says the same as the last. */
  forget(): void {
    this.#lastSent = '';
  }

  close(): void {
    this.#cancelWindow?.();
    this.#cancelGather?.();
  }

  #startWindow(): void {
    this.#active = false;
    this.#cancelWindow = this.#clock.after(WINDOW_MS, () => {
      const now = this.#clock.now();
      // After a window in which nothing happened, this reports zeros, and then rests.
      const rest = !this.#active;
      this.#listeners.rotate(now - this.#windowStart);
      this.#windowStart = now;
      this.#report();
      if (rest) this.#cancelWindow = undefined;
      else this.#startWindow();
    });
  }

  #report(): void {
    const listeners = this.#listeners.status();
    const text = JSON.stringify(listeners);
    if (text === this.#lastSent) return;
    this.#lastSent = text;
    this.#send(listeners);
  }
}
