import { expect } from 'chai';
import { KeyLoadTable } from '../telemetry/key-load.js';
import { StatsTable } from '../telemetry/method-stats.js';
import { LoadReport } from './load-report.js';

describe('LoadReport', () => {
  it('reports every interval with calls, the first without, and then one in three', () => {
    const stats = new StatsTable();
    const report = new LoadReport(
      stats,
      new KeyLoadTable(),
      () => new Map(),
      () => [],
    );
    const calls = (): number | undefined => report.take()?.methods.reduce((sum, { calls }) => sum + calls, 0);
    stats.row('Cart', 'add', 'main', true).calls++;
    expect([calls(), calls(), calls(), calls(), calls(), calls(), calls()]).to.deep.equal([
      1,
      0,
      undefined,
      0,
      undefined,
      undefined,
      0,
    ]);
    stats.row('Cart', 'add', 'main', true).calls++;
    expect(calls()).to.equal(1);
  });

  it('covers the time since the last one that was given', async () => {
    const report = new LoadReport(
      new StatsTable(),
      new KeyLoadTable(),
      () => new Map([['version', 2]]),
      () => [],
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
    const load = report.take();
    expect(load?.intervalMs).to.be.at.least(4);
    expect(load?.handshakesRefused).to.deep.equal({ version: 2 });
  });

  it('names the connections that have sent something compressed, the most first, a bounded number', () => {
    const off = { kind: 'off' } as const;
    const edges = Array.from({ length: 2_000 }, (_, i) => ({
      ...{ peer: `Cart-${i}`, choice: off, plainBytes: i, compressedBytes: i / 4 },
    }));
    const report = new LoadReport(
      new StatsTable(),
      new KeyLoadTable(),
      () => new Map(),
      () => [
        { peer: 'Shop-0', choice: { kind: 'on', level: 5 }, plainBytes: 9e9, compressedBytes: 3e9 },
        ...edges,
      ],
    );
    const compression = report.take()?.compression ?? [];
    expect(compression).to.have.length(1_000);
    expect(compression.slice(0, 2)).to.deep.equal([
      { peer: 'Shop-0', level: 5, plainBytes: 9e9, compressedBytes: 3e9 },
      { peer: 'Cart-1999', level: undefined, plainBytes: 1_999, compressedBytes: 499.75 },
    ]);
  });
});
