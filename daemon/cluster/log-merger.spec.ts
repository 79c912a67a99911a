import { expect } from 'chai';
import fc from 'fast-check';
import type { LogLine } from '../api/api-types.js';
import { LogMerger } from './log-merger.js';

function line(sequence: number, time: number): LogLine {
  return {
    ...{ sequence, time, level: 30, component: 'Cart', message: `${sequence}`, fields: {}, app: 'shop' },
    ...{ version: 'v1', replica: 'Cart-0', source: 'log' },
  };
}

const shown = (lines: readonly LogLine[]) => lines.map(({ host, sequence }) => `${host}.${sequence}`);

describe('LogMerger', () => {
  it('orders lines of several hosts that come within the window, and holds none longer', () => {
    const merger = new LogMerger(100);
    merger.add('h1', [line(1, 10), line(2, 30)], 0);
    merger.add('h2', [line(7, 20)], 60);
    expect(shown(merger.due(99))).to.deep.equal([]);
    // The window of h2's line is not over, but it belongs before h1's second.
    expect(shown(merger.due(100))).to.deep.equal(['h1.1', 'h2.7', 'h1.2']);
    merger.add('h2', [line(8, 5)], 110);
    expect(shown(merger.due(210))).to.deep.equal(['h2.8']);
    expect(merger.size).to.equal(0);
  });

  it('keeps the order of each host, loses none and gives none twice, whatever the times', () => {
    const batches = fc.array(
      fc.tuple(fc.constantFrom('h1', 'h2', 'h3'), fc.array(fc.integer({ min: 0, max: 50 })), fc.nat(80)),
    );
    fc.assert(
      fc.property(batches, (given) => {
        const merger = new LogMerger(100);
        const expected = new Map<string, number>();
        const passed: LogLine[] = [];
        let now = 0;
        for (const [host, times, pause] of given) {
          const first = expected.get(host) ?? 0;
          merger.add(
            host,
            times.map((time, index) => line(first + index + 1, time)),
            now,
          );
          expected.set(host, first + times.length);
          now += pause;
          passed.push(...merger.due(now));
        }
        passed.push(...merger.due(now + 100));
        for (const [host, count] of expected)
          expect(passed.filter((each) => each.host === host).map(({ sequence }) => sequence)).to.deep.equal(
            Array.from({ length: count }, (_, index) => index + 1),
          );
        expect(merger.size).to.equal(0);
      }),
    );
  });
});
