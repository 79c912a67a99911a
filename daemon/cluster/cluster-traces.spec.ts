import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { TraceSpan } from '../api/api-types.js';
import { LocalBus } from '../bus/local-bus.js';
import { subjectsOf } from '../bus/subjects.js';
import { SpanStore } from '../telemetry/span-store.js';
import { queryTraces, serveTraces } from './cluster-traces.js';

function span(traceId: string, start: number, component: string): TraceSpan {
  return {
    ...{ traceId, spanId: `${component}${start}`, parentSpanId: undefined, component, method: 'items' },
    ...{ kind: 'server', start, durationMs: 1, error: undefined, app: 'shop', version: 'v1' },
    replica: `${component}-0`,
  };
}

describe('queryTraces', () => {
  const subjects = subjectsOf('shop');
  let folder: string;
  let bus: LocalBus;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wd-traces-'));
    bus = await LocalBus.open({ folder, report: () => undefined });
  });

  afterEach(async () => {
    await bus.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('brings the spans of one trace from all hosts, and names those that do not answer', async () => {
    const local = new SpanStore();
    const remote = new SpanStore();
    local.append([span('t1', 10, 'Cart'), span('t2', 11, 'Cart')]);
    remote.append([span('t1', 12, 'Ads')]);
    serveTraces(bus, subjects, 'h2', remote);
    const options = { host: 'h1', local, bus, subjects, hosts: () => ['h1', 'h2', 'h3'] };
    const { spans, missing } = await queryTraces(options, { traceId: 't1' });
    expect(spans.map(({ host, component }) => `${host} ${component}`)).to.deep.equal(['h1 Cart', 'h2 Ads']);
    expect(missing.map(({ host }) => host)).to.deep.equal(['h3']);
    const newest = await queryTraces(options, { limit: 1 });
    expect(newest.spans.map(({ start }) => start)).to.deep.equal([12]);
  });

  it('answers with the newest spans that fit into a message', async () => {
    const remote = new SpanStore();
    remote.append(Array.from({ length: 4000 }, (_, index) => span('t1', index, 'Cart')));
    serveTraces(bus, subjects, 'h2', remote);
    const query = { traceId: 't1', limit: 4000 };
    const answer = await bus.request(subjects.traces('h2'), query, { timeoutMs: 2000 });
    const starts = (answer as TraceSpan[]).map(({ start }) => start);
    expect(starts.length).to.be.within(500, 3999);
    expect(starts.at(-1)).to.equal(3999);
  });
});
