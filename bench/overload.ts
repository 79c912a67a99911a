import { callsPerSecond, type LoadReport } from './load.js';
import type { Bench } from './report.js';
import { lines, type Measured, ratio } from './rounds.js';
import { heat, TestBed } from './test-bed.js';

/** The peak is what so many callers get, each with one call in flight. */
const PEAK_IN_FLIGHT = 64;
const OVERLOAD = 3;

const p99 = ({ p99Us }: LoadReport) => p99Us;

/** Calls whose handlers compute 0.3 ms come at three times the rate that the callee can answer. */
export const overload: Bench = {
  name: 'overload',
  summary: 'goodput and latency of the calls that are answered, when three times too many come',
  async *run({ quick }) {
    const bed = await TestBed.open();
    try {
      const echo = await bed.echo({ transport: 'unix' });
      await heat([echo]);
      const timed = { warmUpMs: 1000, measuredMs: quick ? 2000 : 5000 };
      const rounds = quick ? 3 : 7;
      const peaks: LoadReport[] = [];
      const overloads: LoadReport[] = [];
      for (let round = 0; round < rounds; round++) {
        const peak = await echo.run({
          kind: 'closed',
          operation: 'work',
          inFlight: PEAK_IN_FLIGHT,
          failures: 'counted',
          ...timed,
        });
        peaks.push(peak);
        const offered = OVERLOAD * callsPerSecond(peak);
        overloads.push(
          await echo.run({ kind: 'open', operation: 'work', callsPerSecond: offered, ...timed }),
        );
      }
      const atPeak: Measured = { system: `weaverd, ${PEAK_IN_FLIGHT} in flight`, reports: peaks };
      const overloaded: Measured = { system: `weaverd, open loop, ${OVERLOAD}x`, reports: overloads };
      const both = [atPeak, overloaded];
      yield* lines('overload', 'handlers compute 0.3 ms', 'calls/s', both, callsPerSecond);
      yield* lines('overload', 'handlers compute 0.3 ms, p50', 'µs', both, ({ p50Us }) => p50Us);
      yield* lines('overload', 'handlers compute 0.3 ms, p99', 'µs', both, p99);
      yield* lines('overload', 'refused', 'calls/s', both, refusedPerSecond);
      return {
        'overload.goodput': ratio(overloaded, atPeak, callsPerSecond),
        'overload.p99_admitted_vs_peak': ratio(overloaded, atPeak, p99),
        'overload.refused_at_peak': peaks.reduce((sum, peak) => sum + refused(peak), 0),
      };
    } finally {
      await bed.close();
    }
  },
};

function refused({ failures }: LoadReport): number {
  return Object.values(failures).reduce((sum, count) => sum + count, 0);
}

function refusedPerSecond(report: LoadReport): number {
  return refused(report) / report.seconds;
}
