import { expect } from 'chai';
import type { TraceSpan } from '../api/api-types.js';
import { SpanStore } from './span-store.js';

const span = (traceId: string, start: number, app = 'shop'): TraceSpan => ({
  ...{ traceId, spanId: `${traceId}-${start}`, parentSpanId: undefined, component: 'Cart', method: 'items' },
  ...{ kind: 'server', start, durationMs: 1, error: undefined, app, version: 'v1', replica: 'Cart-0' },
});

describe('SpanStore', () => {
  it('finds the spans of a trace, by their start', () => {
    const store = new SpanStore();
    store.append([span('a', 3), span('b', 1), span('a', 2)]);
    store.append([span('a', 1, 'other')]);
    const starts = (query: Parameters<SpanStore['query']>[0]) => store.query(query).map(({ start }) => start);
    expect(starts({ traceId: 'a' })).to.deep.equal([1, 2, 3]);
    expect(starts({ traceId: 'a', app: 'shop' })).to.deep.equal([2, 3]);
    expect(starts({ traceId: 'none' })).to.deep.equal([]);
  });

  it('keeps the newest, and gives the newest first when there are more than asked for', () => {
    const store = new SpanStore(3);
    store.append([1, 2, 3, 4, 5].map((start) => span('a', start)));
    expect(store.query({}).map(({ start }) => start)).to.deep.equal([3, 4, 5]);
    expect(store.query({ limit: 2 }).map(({ start }) => start)).to.deep.equal([4, 5]);
  });
});
