import type { WakeClock } from '../wakes/wake-clock.js';

/** Time that passes when it is told to. */
export class ManualClock implements WakeClock {
  readonly #timers = new Set<{ readonly at: number; readonly act: () => void }>();
  /** The longest that any timer was to wait. */
  longestWaitMs = 0;

  constructor(private time = 1_000_000) {}

  now(): number {
    return this.time;
  }

  after(ms: number, act: () => void): () => void {
    this.longestWaitMs = Math.max(this.longestWaitMs, ms);
    const timer = { at: this.time + ms, act };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets what is due happen, in its order, with the turns of the event loop that it takes. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await settled();
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.act();
      await settled();
    }
    this.time = end;
  }

  /** The clock is set, as an operator or NTP does: no timer hears of it. */
  set(time: number): void {
    const step = time - this.time;
    this.time = time;
    const timers = [...this.#timers];
    this.#timers.clear();
    for (const { at, act } of timers) this.#timers.add({ at: at + step, act });
  }
}

/** When what was under way has had some turns of the event loop. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
}
