import type { LogLine } from '../api/api-types.js';

interface Waiting {
  readonly line: LogLine;
  /** By which it is ordered, Unix ms. */
  readonly at: number;
  /** Monotonic ms. */
  readonly arrivedAt: number;
}

/**
 * Brings the lines of several hosts into the order of their times, as far as they come within a window of each other.
 * Those of one host keep their order, also where their times do not have it: what was passed on of a host is always all
 * up to one sequence, so that it can be gone on from there.
 */
export class LogMerger {
  readonly #windowMs: number;
  readonly #byHost = new Map<string, { readonly waiting: Waiting[]; newest: number }>();
  #size = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  get size(): number {
    return this.#size;
  }

  /** In the order of their sequences; `now` is monotonic ms. */
  add(host: string, lines: readonly LogLine[], now: number): void {
    let known = this.#byHost.get(host);
    if (known === undefined) {
      known = { waiting: [], newest: Number.NEGATIVE_INFINITY };
      this.#byHost.set(host, known);
    }
    for (const line of lines) {
      known.newest = Math.max(known.newest, line.time);
      known.waiting.push({ line: { ...line, host }, at: known.newest, arrivedAt: now });
    }
    this.#size += lines.length;
  }

  /** Those whose window is over, and all that belong before them. */
  due(now: number): readonly LogLine[] {
    let until = Number.NEGATIVE_INFINITY;
    for (const { waiting } of this.#byHost.values()) {
      const last = waiting.findLast(({ arrivedAt }) => arrivedAt + this.#windowMs <= now);
      if (last !== undefined) until = Math.max(until, last.at);
    }
    return this.#take(until);
  }

  /** All that wait. */
  all(): readonly LogLine[] {
    return this.#take(Number.POSITIVE_INFINITY);
  }

  #take(until: number): readonly LogLine[] {
    const taken: Waiting[] = [];
    for (const { waiting } of this.#byHost.values()) {
      const after = waiting.findIndex(({ at }) => at > until);
      taken.push(...waiting.splice(0, after < 0 ? waiting.length : after));
    }
    this.#size -= taken.length;
    // Stable: lines of one host and time stay as they are.
    return taken.sort((a, b) => a.at - b.at).map(({ line }) => line);
  }
}
