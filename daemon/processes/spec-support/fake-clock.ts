import type { Clock } from '../clock.js';

/** Time that passes only when told to. */
export class FakeClock implements Clock {
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>();
  #ms = 0;

  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return 1_700_000_000_000 + this.#ms;
  }

  monotonic(): number {
    return this.#ms;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#ms + delayMs, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers fire each at its time; resolves when the event loop has turned after the last. */
  async pass(ms: number): Promise<void> {
    const until = this.#ms + ms;
    for (;;) {
      const [next] = [...this.#timers].sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > until) break;
      this.#ms = Math.max(this.#ms, next.at);
      this.#timers.delete(next);
      next.run();
      await turn();
    }
    this.#ms = until;
    await turn();
  }

  /** As if the process had been stopped meanwhile: all due timers fire at the end. */
  async stall(ms: number): Promise<void> {
    this.#ms += ms;
    for (const timer of [...this.#timers]) {
      if (timer.at > this.#ms || !this.#timers.delete(timer)) continue;
      timer.run();
    }
    await turn();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
