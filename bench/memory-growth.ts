import { type Point, slope } from './least-squares.js';
import type { ProcessProbe } from './process-probe.js';
import { residentBytes } from './process-usage.js';
import { median, type ResultLine, resultLine, rounded } from './report.js';

export interface WatchedProcess {
  readonly name: string;
  readonly pid: number;
  /** Has the probe: what it holds after garbage collection is known, too. */
  readonly probed: boolean;
}

const SAMPLE_EVERY_MS = 1000;
/** Of the time: its beginning does not count, as heaps grow to their size. */
const WARM_UP_SHARE = 1 / 3;

/**
 * Whether processes grow, window by window. The resident memory of a window is the median of its samples; it rises also
 * while V8 lets the heap grow before it collects. What a process holds after a collection, taken at the end of each window,
 * rises only when the process keeps more.
 */
export class MemoryGrowth {
  readonly #watched: readonly WatchedProcess[];
  readonly #probe: ProcessProbe;
  readonly #resident = new Map<number, Point[]>();
  readonly #live = new Map<number, Point[]>();
  readonly #startedAt = performance.now();

  constructor(watched: readonly WatchedProcess[], probe: ProcessProbe) {
    this.#watched = watched;
    this.#probe = probe;
    for (const { pid } of watched) {
      this.#resident.set(pid, []);
      this.#live.set(pid, []);
    }
  }

  /** Runs the load of one window. */
  async during<T>(window: () => Promise<T>): Promise<T> {
    const samples = new Map<number, number[]>(this.#watched.map(({ pid }) => [pid, []]));
    const timer = setInterval(() => {
      for (const [pid, values] of samples) values.push(residentBytes(pid));
    }, SAMPLE_EVERY_MS);
    try {
      return await window();
    } finally {
      clearInterval(timer);
      const x = (performance.now() - this.#startedAt) / 60_000;
      for (const [pid, values] of samples)
        if (values.length > 0) this.#resident.get(pid)?.push({ x, y: median(values) / 1e6 });
      for (const { pid, probed } of this.#watched)
        if (probed) this.#live.get(pid)?.push({ x, y: (await this.#probe.liveBytes(pid)) / 1e6 });
    }
  }

  /** Returns the ratios: the greatest slopes of any process, and for the live memory how much of it is certain. */
  *lines(bench: string): Generator<ResultLine, Readonly<Record<string, number>>> {
    const resident = yield* this.#linesOf(bench, 'memory', this.#resident);
    const live = yield* this.#linesOf(bench, 'live memory', this.#live);
    return {
      [`${bench}.rss_slope_mb_per_min`]: resident.steepest,
      [`${bench}.live_slope_mb_per_min`]: live.steepest,
      [`${bench}.live_slope_at_least_mb_per_min`]: live.atLeast,
    };
  }

  *#linesOf(
    bench: string,
    what: string,
    series: ReadonlyMap<number, readonly Point[]>,
  ): Generator<ResultLine, { readonly steepest: number; readonly atLeast: number }> {
    let steepest = Number.NEGATIVE_INFINITY;
    let atLeast = Number.NEGATIVE_INFINITY;
    for (const { name, pid } of this.#watched) {
      const all = series.get(pid) ?? [];
      const points = all.slice(Math.floor(all.length * WARM_UP_SHARE));
      if (points.length === 0) continue;
      const { perX, error } = slope(points);
      steepest = Math.max(steepest, perX);
      atLeast = Math.max(atLeast, perX - error);
      const where = { bench, system: name };
      yield resultLine(
        { ...where, case: what, unit: 'MB' },
        points.map(({ y }) => y),
      );
      yield resultLine({ ...where, case: `${what} slope`, unit: 'MB/min' }, [perX]);
      yield resultLine({ ...where, case: `${what} slope, ±`, unit: 'MB/min' }, [error]);
    }
    return { steepest: rounded(steepest), atLeast: rounded(atLeast) };
  }
}
