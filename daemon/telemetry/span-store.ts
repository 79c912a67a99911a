import type { TraceSpan } from '../api/api-types.js';
import { RingBuffer } from '../logs/ring-buffer.js';

export interface SpanQuery {
  readonly app?: string | undefined;
  readonly traceId?: string | undefined;
  /** Default 1000. */
  readonly limit?: number | undefined;
}

const MAX_SPANS = 5000;
const DEFAULT_LIMIT = 1000;

/** The newest spans of all apps, in memory. */
export class SpanStore {
  readonly #spans: RingBuffer<TraceSpan>;

  constructor(maxSpans = MAX_SPANS) {
    this.#spans = new RingBuffer(maxSpans);
  }

  append(spans: readonly TraceSpan[]): void {
    for (const span of spans) this.#spans.push(span);
  }

  /** The newest that fit; ordered by their start. */
  query({ app, traceId, limit = DEFAULT_LIMIT }: SpanQuery): TraceSpan[] {
    const found: TraceSpan[] = [];
    for (const span of this.#spans.newestFirst()) {
      if (found.length >= limit) break;
      if (app !== undefined && span.app !== app) continue;
      if (traceId !== undefined && span.traceId !== traceId) continue;
      found.push(span);
    }
    return found.sort((a, b) => a.start - b.start);
  }
}
