import type { MethodLoad } from '../protocol/control.js';

const TIMINGS_KEPT = 256;
/** Every call of an interval is timed up to this many, then one in {@link SAMPLE_EVERY}: a clock read costs more than a local call. */
const TIMED_AT_FIRST = 64;
const SAMPLE_EVERY = 64;

/**
 * Counters of one method from one caller over one interval. Each call does
 * `if (++stats.calls >= stats.timedFrom) { stats.timeNext(); … time it … }`: one comparison when it is not timed.
 */
export class MethodStats {
  calls = 0;
  /** Of co-located calls an estimate, from those that are timed. */
  errors = 0;
  /** The next call that is timed, as a number of {@link calls}. */
  timedFrom = 1;
  readonly #timings = new Float64Array(TIMINGS_KEPT);
  #timed = 0;

  constructor(
    readonly component: string,
    readonly method: string,
    readonly caller: string,
    readonly remote: boolean,
  ) {}

  /** This call is timed: decides which one is the next. Returns the number of calls that this one stands for. */
  timeNext(): number {
    this.timedFrom = this.calls + (this.calls < TIMED_AT_FIRST ? 1 : SAMPLE_EVERY);
    return this.calls <= TIMED_AT_FIRST ? 1 : SAMPLE_EVERY;
  }

  /** Over the bound, newer timings replace older ones. */
  timed(durationMs: number): void {
    this.#timings[this.#timed % TIMINGS_KEPT] = durationMs;
    this.#timed++;
  }

  /** The interval's figures, and begins the next; undefined when nothing was called. */
  take(): MethodLoad | undefined {
    if (this.calls === 0 && this.errors === 0) return undefined;
    const timings = this.#timings.slice(0, Math.min(this.#timed, TIMINGS_KEPT)).sort();
    const load: MethodLoad = {
      component: this.component,
      method: this.method,
      caller: this.caller,
      remote: this.remote,
      calls: this.calls,
      errors: this.errors,
      p50Ms: quantile(timings, 0.5),
      p99Ms: quantile(timings, 0.99),
    };
    this.calls = 0;
    this.errors = 0;
    this.timedFrom = 1;
    this.#timed = 0;
    return load;
  }
}

function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}

/** The stats of one process, by component, method, caller and way. Bounded by the program: its own methods and callers. */
export class StatsTable {
  readonly #rows = new Map<string, MethodStats>();

  row(component: string, method: string, caller: string, remote: boolean): MethodStats {
    const key = `${component}.${method}<${caller}${remote ? '*' : ''}`;
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = new MethodStats(component, method, caller, remote);
      this.#rows.set(key, row);
    }
    return row;
  }

  take(): readonly MethodLoad[] {
    return [...this.#rows.values()].flatMap((row) => row.take() ?? []);
  }
}
