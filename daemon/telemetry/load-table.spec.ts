import { expect } from 'chai';
import fc from 'fast-check';
import type { Load, MethodLoad } from '../../sdk/protocol/control.js';
import { FakeClock } from '../processes/spec-support/fake-clock.js';
import { LoadTable, NO_LOAD } from './load-table.js';
import { mixtureQuantile } from './mixture-quantile.js';

const key = { app: 'shop', version: 'v1', replica: 'Cart-0' };
const row = (change: Partial<MethodLoad>): MethodLoad => ({
  ...{ component: 'Cart', method: 'addItem', caller: 'Frontend', remote: true },
  ...{ calls: 10, errors: 0, p50Ms: 1, p99Ms: 5, ...change },
});
const load = (methods: readonly MethodLoad[], change: Partial<Load> = {}): Load => ({
  ...{ intervalMs: 2000, cpuMs: 100, rssBytes: 50e6, eventLoopUtilization: 0, handshakesRefused: {} },
  ...{ methods, ...change },
});

describe('LoadTable', () => {
  it('turns a report into rates', () => {
    const table = new LoadTable(new FakeClock());
    table.report(key, load([row({ calls: 10, errors: 1 }), row({ method: 'items', calls: 30, errors: 2 })]));
    const shown = table.replica(key);
    expect([shown.callsPerSecond, shown.errorsPerSecond, shown.cpuPercent]).to.deep.equal([20, 1.5, 5]);
    expect(shown.p50Ms).to.be.closeTo(1, 1e-3);
    expect(shown.p99Ms).to.be.closeTo(5, 1e-3);
  });

  it('shows nothing of a replica that has gone silent, or is no more', async () => {
    const clock = new FakeClock();
    const table = new LoadTable(clock);
    table.report(key, load([row({})]));
    await clock.pass(8000);
    expect(table.replica(key).callsPerSecond).to.equal(5);
    await clock.pass(1);
    expect(table.replica(key)).to.equal(NO_LOAD);
    expect(table.edges('shop', 'v1')).to.deep.equal([]);
    table.report(key, load([row({})]));
    table.retain([]);
    expect(table.replica(key)).to.equal(NO_LOAD);
  });

  it('adds up the call graph over methods and replicas, per version', () => {
    const table = new LoadTable(new FakeClock());
    table.report(
      key,
      load([row({ calls: 10 }), row({ method: 'items', calls: 10, remote: false, errors: 4 })]),
    );
    table.report(
      { ...key, replica: 'Cart-1' },
      load([row({ calls: 10 }), row({ caller: 'main', calls: 2 })]),
    );
    table.report({ ...key, version: 'v2' }, load([row({ calls: 1000 })]));
    const edges = table.edges('shop', 'v1');
    expect(edges.map(({ from, to, callsPerSecond }) => [from, to, callsPerSecond])).to.deep.equal([
      ['Frontend', 'Cart', 15],
      ['main', 'Cart', 1],
    ]);
    expect([edges[0]?.remotePerSecond, edges[0]?.errorsPerSecond]).to.deep.equal([10, 2]);
  });
});

describe('mixtureQuantile', () => {
  it('is exact for one method, and 0 for none that was timed', () => {
    expect(mixtureQuantile([{ calls: 3, p50Ms: 2, p99Ms: 9 }], 0.5)).to.be.closeTo(2, 1e-3);
    expect(mixtureQuantile([{ calls: 3, p50Ms: 2, p99Ms: 9 }], 0.99)).to.be.closeTo(9, 1e-3);
    expect(mixtureQuantile([{ calls: 3, p50Ms: 0, p99Ms: 0 }], 0.99)).to.equal(0);
    expect(mixtureQuantile([], 0.5)).to.equal(0);
  });

  it('weighs by calls', () => {
    const quick = { calls: 9900, p50Ms: 1, p99Ms: 2 };
    const slow = { calls: 100, p50Ms: 500, p99Ms: 900 };
    expect(mixtureQuantile([quick, slow], 0.5)).to.be.lessThan(1.1);
    expect(
      mixtureQuantile(
        [
          { ...quick, calls: 100 },
          { ...slow, calls: 9900 },
        ],
        0.5,
      ),
    ).to.be.greaterThan(400);
  });

  it('stays between the methods, and the p99 is no less than the p50 (any methods)', () => {
    const ms = fc.double({ min: 0.001, max: 1e4, noNaN: true });
    const summary = fc
      .tuple(fc.integer({ min: 1, max: 1e6 }), ms, ms)
      .map(([calls, a, b]) => ({ calls, p50Ms: Math.min(a, b), p99Ms: Math.max(a, b) }));
    fc.assert(
      fc.property(fc.array(summary, { minLength: 1, maxLength: 20 }), (summaries) => {
        const [p50, p99] = [mixtureQuantile(summaries, 0.5), mixtureQuantile(summaries, 0.99)];
        expect(p99).to.be.at.least(p50 * (1 - 1e-5));
        expect(p50).to.be.at.least(Math.min(...summaries.map(({ p50Ms }) => p50Ms)) * (1 - 1e-5));
        expect(p99).to.be.at.most(Math.max(...summaries.map(({ p99Ms }) => p99Ms)) * (1 + 1e-5));
      }),
    );
  });
});
