import { expect } from 'chai';
import { NOW, span } from '../spec-support/sample-status.js';
import { formatTrace, formatTraceList, groupTraces } from './span-tree.js';

const spans = [
  span({
    spanId: 'c',
    parentSpanId: 'b',
    component: 'Cache',
    method: 'get',
    start: NOW + 3,
    durationMs: 0.5,
    replica: 'Cache-1',
  }),
  span({ spanId: 'a', component: 'Frontend', method: 'home', durationMs: 12.5, replica: 'Frontend-0' }),
  span({
    spanId: 'd',
    parentSpanId: 'a',
    component: 'Ads',
    method: 'pick',
    start: NOW + 6,
    error: 'UNAVAILABLE',
    replica: 'Ads-0',
  }),
  span({ spanId: 'b', parentSpanId: 'a', start: NOW + 2 }),
];

describe('groupTraces', () => {
  it('finds root, duration and errors, newest trace first', () => {
    const traces = groupTraces([...spans, span({ traceId: 't2', start: NOW + 99 })]);
    expect(traces.map(({ traceId }) => traceId)).to.deep.equal(['t2', 't1']);
    expect(traces[1]).to.include({ durationMs: 12.5, errors: 1 });
    expect(traces[1]?.root.spanId).to.equal('a');
  });

  it('takes a span whose parent is not known for a root', () => {
    expect(groupTraces([span({ parentSpanId: 'elsewhere' })])[0]?.root.spanId).to.equal('s1');
  });
});

describe('formatTrace', () => {
  it('shows the calls as a tree, in the order of their start', () => {
    expect(groupTraces(spans).flatMap((trace) => formatTrace(trace))).to.deep.equal([
      'trace t1  12.5ms, 4 spans, 1 error',
      'CALL             KIND         AT    TOOK  REPLICA     ERROR',
      'Frontend.home    server  +0.00ms  12.5ms  Frontend-0',
      '├─ Cart.items    server  +2.00ms  2.00ms  Cart-0',
      '│  └─ Cache.get  server  +3.00ms  0.50ms  Cache-1',
      '└─ Ads.pick      server  +6.00ms  2.00ms  Ads-0       UNAVAILABLE',
    ]);
  });

  it('ends on spans that are each other’s parents', () => {
    const circle = [span({ spanId: 'x', parentSpanId: 'y' }), span({ spanId: 'y', parentSpanId: 'x' })];
    expect(groupTraces(circle).flatMap((trace) => formatTrace(trace))).to.have.length(4);
  });
});

describe('formatTraceList', () => {
  it('has a line for each trace', () => {
    expect(formatTraceList(groupTraces(spans), NOW + 5000)[1]).to.equal(
      't1     Frontend.home   5s  12.5ms      4       1',
    );
  });
});
