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
      const timed = { warmUpMs: quick ? 250 : 500, measuredMs: quick ? 750 : 3000 };
      const run = { ...timed, rounds: quick ? 3 : 7 };
      const always = await systemsOf(bed, 'always');
      const everysec = await systemsOf(bed, 'everysec');
      const onRedis = await bed.kv({ durability: 'always', store: 'redis' });
      await heat([always.ours, always.theirs, everysec.ours, everysec.theirs, onRedis], 'ycsb-f');
      const ratios: Record<string, number> = {};
      for (const workload of ['c', 'b', 'a', 'f'] as const)
        Object.assign(ratios, yield* compare({ ...always, onRedis }, workload, run));
      for (const workload of ['a', 'f'] as const) {
        const compared = yield* compare(everysec, workload, run);
        for (const [name, value] of Object.entries(compared)) ratios[`${name}.everysec`] = value;
      }
      return ratios;
    } finally {
      await bed.close();
    }
  },
};

interface Systems {
  /** Its state in a file, as one host has it when nothing else is configured. */
  readonly ours: LoadTarget;
  /** Its state in a Redis of its own. */
  readonly onRedis?: LoadTarget;
  readonly theirs: LoadTarget;
}

interface Run {
  readonly warmUpMs: number;
  readonly measuredMs: number;
  readonly rounds: number;
}

async function systemsOf(bed: TestBed, durability: 'always' | 'everysec'): Promise<Systems> {
  const theirs = await bed.peer(durability === 'always' ? 'redisAlways' : 'redisEverysec');
  return { ours: await bed.kv({ durability, store: 'file' }), theirs };
}

/** All on one workload, and for read-modify-writes Redis with a script of its own as well. */
async function* compare(
  { ours, onRedis, theirs }: Systems,
  workload: Workload,
  { rounds, ...timed }: Run,
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
  const peers = workload === 'f' ? [theirs, scripted] : [theirs];
  const targets = onRedis === undefined ? [ours, ...peers] : [ours, onRedis, ...peers];
  const measured = await inRounds(targets, load, rounds);
  const title = `YCSB ${workload.toUpperCase()}, ${IN_FLIGHT} in flight`;
  yield* lines('kv', title, 'ops/s', measured, callsPerSecond);
  yield* lines('kv', `${title}, p50`, 'µs', measured, ({ p50Us }) => p50Us);
  yield* lines('kv', `${title}, p99`, 'µs', measured, ({ p99Us }) => p99Us);
  yield* lines('kv', `${title}, CPU`, 's/1M', measured, cpuPerMillion);
  const against = (system: LoadTarget, peer: LoadTarget) =>
    ratio(of(measured, system), of(measured, peer), callsPerSecond);
  const ratios: Record<string, number> = { [`kv.${workload}.vs_redis`]: against(ours, theirs) };
  if (workload === 'f') ratios['kv.f.vs_redis_script'] = against(ours, scripted);
  if (onRedis !== undefined) ratios[`kv.redis_store.${workload}.vs_redis`] = against(onRedis, theirs);
  return ratios;
}

function of(measured: readonly Measured[], { name }: LoadTarget): Measured | undefined {
  return measured.find(({ system }) => system === name);
}
