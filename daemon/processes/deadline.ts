import type { Clock } from './clock.js';

/**
 * One deadline that moves often, such as "no sign of life": moving it later costs nothing, since the timer is left
 * alone and looks again when it fires.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #expired: (lateMs: number) => void;
  #at: number | undefined;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;

  /** `expired` is told how late it is called, which is much only when this process itself was stopped or stalled. */
  constructor(clock: Clock, expired: (lateMs: number) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  /** On the monotonic clock; undefined for none. */
  set(at: number | undefined): void {
    this.#at = at;
    if (at === undefined) {
      this.#disarm();
    } else if (this.#timer === undefined || this.#timer.at > at) {
      this.#disarm();
      this.#arm(at);
    }
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(at: number): void {
    const cancel = this.#clock.after(Math.max(0, at - this.#clock.monotonic()), () => {
      const lateMs = this.#clock.monotonic() - at;
      // What arrived while this process did not run waits in the sockets and is read before it is judged.
      setImmediate(() => this.#look(at, lateMs));
    });
    this.#timer = { at, cancel };
  }

  #look(armedFor: number, lateMs: number): void {
    if (this.#timer?.at !== armedFor) return;
    this.#timer = undefined;
    if (this.#at === undefined) return;
    if (this.#at > this.#clock.monotonic()) return this.#arm(this.#at);
    this.#at = undefined;
    this.#expired(Math.max(0, lateMs));
  }
}
