import { callsPerSecond, cpuPerMillion, type LoadTarget } from './load.js';
import type { Bench, ResultLine } from './report.js';
import { inRounds, lines, type Measured, ratio } from './rounds.js';
import { heat, TestBed } from './test-bed.js';
import type { Workload } from './ycsb/workload.js';

const IN_FLIGHT = 64;

/** YCSB's workloads on the example's store, beside Redis that is as durable. */
export const kv: Bench = {
  name: 'kv',
  summary: "YCSB A, B, C and F on the kv example's store, beside Redis by ioredis, equally durable",
  async *run({ quick }) {
    const bed = await TestBed.open();
    try {
      const timed = { warmUpMs: quick ? 250 : 500, measuredMs: quick ? 1000 : 3000 };
      const run = { ...timed, rounds: quick ? 3 : 7 };
      const always = await pairOf(bed, 'always');
      const everysec = await pairOf(bed, 'everysec');
      await heat([always.ours, always.theirs, everysec.ours, everysec.theirs], 'ycsb-f');
      const ratios: Record<string, number> = {};
      for (const workload of ['c', 'b', 'a', 'f'] as const) {
        Object.assign(ratios, yield* compare(always, workload, run, ''));
      }
      for (const workload of ['a', 'f'] as const) {
        Object.assign(ratios, yield* compare(everysec, workload, run, '.everysec'));
      }
      return ratios;
    } finally {
      await bed.close();
    }
  },
};

interface Pair {
  readonly ours: LoadTarget;
  readonly theirs: LoadTarget;
}

interface Run {
  readonly warmUpMs: number;
  readonly measuredMs: number;
  readonly rounds: number;
}

async function pairOf(bed: TestBed, durability: 'always' | 'everysec'): Promise<Pair> {
  const theirs = await bed.peer(durability === 'always' ? 'redisAlways' : 'redisEverysec');
  return { ours: await bed.kv({ durability }), theirs };
}

/** Both on one workload, and for read-modify-writes Redis with a script of its own as well. */
async function* compare(
  { ours, theirs }: Pair,
  workload: Workload,
  { rounds, ...timed }: Run,
  suffix: string,
): AsyncGenerator<ResultLine, Readonly<Record<string, number>>> {
  const load = {
    kind: 'closed',
    operation: `ycsb-${workload}`,
    inFlight: IN_FLIGHT,
    ...timed,
  } as const;
  const scripted: LoadTarget = {
    name: `${theirs.name}, script`,
    run: () => theirs.run({ ...load, operation: 'ycsb-f-script' }),
  };
  const targets = workload === 'f' ? [ours, theirs, scripted] : [ours, theirs];
  const measured = await inRounds(targets, load, rounds);
  const title = `YCSB ${workload.toUpperCase()}, ${IN_FLIGHT} in flight`;
  yield* lines('kv', title, 'ops/s', measured, callsPerSecond);
  yield* lines('kv', `${title}, p50`, 'µs', measured, ({ p50Us }) => p50Us);
  yield* lines('kv', `${title}, p99`, 'µs', measured, ({ p99Us }) => p99Us);
  yield* lines('kv', `${title}, CPU`, 's/1M', measured, cpuPerMillion);
  const against = (target: LoadTarget) => ratio(of(measured, ours), of(measured, target), callsPerSecond);
  return {
    [`kv.${workload}.vs_redis${suffix}`]: against(theirs),
    ...(workload === 'f' ? { [`kv.f.vs_redis_script${suffix}`]: against(scripted) } : {}),
  };
}

function of(measured: readonly Measured[], { name }: LoadTarget): Measured | undefined {
  return measured.find(({ system }) => system === name);
}
