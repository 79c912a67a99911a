import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { RequestTimeout } from './http-client.js';
import type { Action } from './mix.js';
import { WrongAnswer } from './shopper.js';

/** Milliseconds. */
export interface Latencies {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface LoadReport {
  /** Requests that were answered or failed. */
  readonly requests: number;
  /** Failures, all kinds together. */
  readonly failed: number;
  /** Such as `status 503`, `timeout`, `ECONNREFUSED`, `cart not as left`. */
  readonly failures: Readonly<Record<string, number>>;
  /** Of the whole run, without its warm-up. */
  readonly seconds: number;
  readonly requestsPerSecond: number;
  /** Of answered requests; in the open loop counted from when they were due. */
  readonly latency: Latencies;
  readonly actions: Readonly<Record<string, { readonly requests: number; readonly latency: Latencies }>>;
  /** One message for each kind of failure. */
  readonly examples: Readonly<Record<string, string>>;
}

/** Collects what a run measured. */
export class Recorder {
  readonly #all = createHistogram();
  readonly #actions = new Map<Action, RecordableHistogram>();
  readonly #failures = new Map<string, { count: number; readonly example: string }>();
  #unanswered = 0;

  answered(action: Action, ms: number): void {
    const micros = Math.max(1, Math.round(ms * 1000));
    this.#all.record(micros);
    let histogram = this.#actions.get(action);
    if (histogram === undefined) {
      histogram = createHistogram();
      this.#actions.set(action, histogram);
    }
    histogram.record(micros);
  }

  /** A request that got no answer. */
  unanswered(): void {
    this.#unanswered++;
  }

  failed(error: unknown): void {
    const kind = kindOf(error);
    const known = this.#failures.get(kind);
    if (known === undefined) this.#failures.set(kind, { count: 1, example: String(error) });
    else known.count++;
  }

  report(seconds: number): LoadReport {
    const requests = this.#all.count + this.#unanswered;
    const failures = [...this.#failures].map(([kind, { count }]) => [kind, count] as const);
    return {
      requests,
      failed: failures.reduce((sum, [, count]) => sum + count, 0),
      failures: Object.fromEntries(failures),
      seconds,
      requestsPerSecond: requests / seconds,
      latency: latencies(this.#all),
      actions: Object.fromEntries(
        [...this.#actions].map(([action, histogram]) => [
          action,
          { requests: histogram.count, latency: latencies(histogram) },
        ]),
      ),
      examples: Object.fromEntries([...this.#failures].map(([kind, { example }]) => [kind, example])),
    };
  }
}

function kindOf(error: unknown): string {
  if (error instanceof WrongAnswer) return error.kind;
  if (error instanceof RequestTimeout) return 'timeout';
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.name : 'unknown';
}

function latencies(histogram: RecordableHistogram): Latencies {
  const ms = (micros: number) => (histogram.count === 0 ? 0 : micros / 1000);
  return {
    p50: ms(histogram.percentile(50)),
    p95: ms(histogram.percentile(95)),
    p99: ms(histogram.percentile(99)),
    max: ms(histogram.max),
  };
}
