import { callsPerSecond, type Load, type LoadTarget } from './load.js';
import type { Bench } from './report.js';
import { inRounds, lines, ratio } from './rounds.js';
import { TestBed } from './test-bed.js';

/** Large results over links of different width, with compression as shipped and without. */
const LINKS = [
  { name: '100 Mbit/s', megabitsPerSecond: 100, key: 'compression.slow_link_gain' },
  { name: '1 Gbit/s', megabitsPerSecond: 1000, key: 'compression.gigabit_gain' },
  { name: 'loopback', megabitsPerSecond: undefined, key: 'compression.loopback_vs_off' },
] as const;

/** Compiled code, and a decided connection, before the first figure. */
const DECIDING_MS = 5000;

export const compression: Bench = {
  name: 'compression',
  summary:
    'results of 1000 products over links of 100 Mbit/s and 1 Gbit/s and over loopback, compression auto and off',
  async *run({ quick }) {
    const bed = await TestBed.open();
    try {
      const rounds = quick ? 3 : 7;
      const load: Load = {
        kind: 'closed',
        operation: 'catalogue',
        inFlight: 16,
        warmUpMs: 1500,
        measuredMs: quick ? 1500 : 4000,
      };
      const ratios: Record<string, number> = {};
      for (const { name, megabitsPerSecond, key } of LINKS) {
        const env =
          megabitsPerSecond === undefined
            ? {}
            : { BENCH_LINK_PORT: String((await bed.link(megabitsPerSecond)).port) };
        const target = async (setting: 'auto' | 'off'): Promise<LoadTarget> => {
          const echo = await bed.echo({ transport: 'tcp', compression: setting, manifest: { env } });
          return { name: `weaverd, compression ${setting}`, run: (given) => echo.run(given) };
        };
        const both = [await target('auto'), await target('off')];
        await Promise.all(both.map((each) => each.run({ ...load, warmUpMs: 0, measuredMs: DECIDING_MS })));
        const measured = await inRounds(both, load, rounds);
        yield* lines('compression', `1000 products over ${name}`, 'results/s', measured, callsPerSecond);
        ratios[key] = ratio(measured[0], measured[1], callsPerSecond);
      }
      return ratios;
    } finally {
      await bed.close();
    }
  },
};
