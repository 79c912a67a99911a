import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { cpuSeconds } from './cpu-time.js';
import type { LoadReport } from './load.js';

/** One call in so many is timed, so that the clock is not what is measured. */
const TIMED_EVERY = 8;

/** Counts what completes between the end of the warm-up and the end of the load. */
export class Measurement {
  over = false;
  completed = 0;
  bytes = 0;
  readonly #histogram: RecordableHistogram = createHistogram();
  readonly #failures = new Map<string, number>();
  readonly #pids: readonly number[];
  readonly #timedEvery: number;
  #starts = 0;

  constructor(pids: readonly number[], inFlight: number) {
    this.#pids = pids;
    this.#timedEvery = inFlight > 1 ? TIMED_EVERY : 1;
  }

  /** When a call begins: the time, or 0 when this one is not timed. */
  begin(): number {
    return this.#starts++ % this.#timedEvery === 0 ? performance.now() : 0;
  }

  /** `begun` is what `begin` said, or when the call was due. */
  success(begun: number): void {
    this.completed++;
    if (begun === 0) return;
    this.#histogram.record(Math.max(1, Math.round((performance.now() - begun) * 1e6)));
  }

  failure(reason: unknown): void {
    const { code, message } = reason as { readonly code?: unknown; readonly message?: unknown };
    const name = String(code ?? message ?? reason);
    this.#failures.set(name, (this.#failures.get(name) ?? 0) + 1);
  }

  /** Resolves after the measured time; what completes later no longer counts. */
  async run(warmUpMs: number, measuredMs: number): Promise<LoadReport> {
    await setTimeout(warmUpMs);
    this.completed = 0;
    this.bytes = 0;
    this.#histogram.reset();
    this.#failures.clear();
    const cpuBefore = cpuSeconds(this.#pids);
    const startedAt = performance.now();
    await setTimeout(measuredMs);
    const seconds = (performance.now() - startedAt) / 1000;
    this.over = true;
    return {
      seconds,
      completed: this.completed,
      bytes: this.bytes,
      failures: Object.fromEntries(this.#failures),
      p50Us: this.#histogram.percentile(50) / 1000,
      p99Us: this.#histogram.percentile(99) / 1000,
      cpuSeconds: cpuSeconds(this.#pids) - cpuBefore,
    };
  }
}
