import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoadReport, runLoad } from '../examples/boutique/load.js';
import { startGrpcBoutique } from './boutique-grpc/start-grpc-boutique.js';
import { buildBoutique, deployBoutique } from './deployed-boutique.js';
import type { Running } from './interruption.js';
import { cpuMs } from './process-usage.js';
import { type Bench, median, type ResultLine, resultLine, rounded } from './report.js';

/** Requests a second: eleven gRPC services take less than half of two cores for it. */
const RATE = 120;
const SETTLING_S = 3;

/** The same business code over gRPC, in weaverd's processes, and in one: CPU and latency of the same load. */
export const boutique: Bench = {
  name: 'boutique',
  summary: 'the boutique as eleven gRPC services, as eleven proclets, as one; the same load on each',
  async *run({ quick }) {
    const folder = await mkdtemp(join(tmpdir(), 'wq-'));
    const running: Running[] = [];
    try {
      const systems = await startSystems(folder, running);
      const rounds = await roundsOf(systems, quick ? 3 : 7, quick ? 5 : 20);
      for (const { name } of systems) yield* linesOf(name, rounds.get(name) ?? []);
      return ratiosOf(rounds);
    } finally {
      await Promise.all(running.map((each) => each.stop()));
      await rm(folder, { recursive: true, force: true });
    }
  },
};

const GRPC = 'grpc-js, 11 processes';
const SPLIT = 'weaverd, 11 processes';
const COLOCATED = 'weaverd, co-located';
const INGRESS = 'weaverd, through ingress';

interface System {
  readonly name: string;
  readonly target: { readonly socketPath: string } | { readonly url: string };
  readonly appPids: readonly number[];
  /** Of the daemon that looks after it. */
  readonly daemonPids: readonly number[];
}

async function startSystems(folder: string, running: Running[]): Promise<readonly System[]> {
  const grpcFolder = join(folder, 'g');
  await mkdir(grpcFolder);
  const grpc = await startGrpcBoutique(grpcFolder);
  running.push(grpc);
  const built = await buildBoutique(join(folder, 'built'));
  const split = await deployBoutique(built, join(folder, 's'), { colocate: [] });
  running.push(split);
  const colocated = await deployBoutique(built, join(folder, 'c'), { colocate: 'all' });
  running.push(colocated);
  const pidsOf = ({ proclets }: typeof split) => proclets.map(({ pid }) => pid);
  return [
    { name: GRPC, target: { socketPath: grpc.socketPath }, appPids: grpc.pids, daemonPids: [] },
    {
      name: SPLIT,
      target: { socketPath: split.socketPath },
      appPids: pidsOf(split),
      daemonPids: [split.daemonPid],
    },
    {
      name: COLOCATED,
      target: { socketPath: colocated.socketPath },
      appPids: pidsOf(colocated),
      daemonPids: [colocated.daemonPid],
    },
    {
      name: INGRESS,
      target: { url: colocated.url },
      appPids: [...pidsOf(colocated), colocated.ingressPid],
      daemonPids: [colocated.daemonPid],
    },
  ];
}

interface Round {
  readonly report: LoadReport;
  /** CPU seconds per 1,000 requests. */
  readonly appCpu: number;
  readonly daemonCpu: number;
}

type Rounds = ReadonlyMap<string, readonly Round[]>;

/** The systems take turns. */
async function roundsOf(systems: readonly System[], count: number, seconds: number): Promise<Rounds> {
  const rounds = new Map<string, Round[]>(systems.map(({ name }) => [name, []]));
  for (const { target } of systems) await runLoad({ ...target, rate: RATE, duration: SETTLING_S });
  for (let seed = 1; seed <= count; seed++) {
    for (const system of systems) rounds.get(system.name)?.push(await measure(system, seconds, seed));
  }
  return rounds;
}

async function measure(
  { name, target, appPids, daemonPids }: System,
  seconds: number,
  seed: number,
): Promise<Round> {
  await runLoad({ ...target, rate: RATE, duration: 1, seed });
  const used = () => [appPids, daemonPids].map((pids) => pids.reduce((sum, pid) => sum + cpuMs(pid), 0));
  const [appBefore = 0, daemonBefore = 0] = used();
  const report = await runLoad({ ...target, rate: RATE, duration: seconds, seed });
  const [appAfter = 0, daemonAfter = 0] = used();
  if (report.failed > 0) {
    process.stderr.write(
      `boutique: ${report.failed} of ${report.requests} requests to ${name} failed: ${JSON.stringify(report.examples)}\n`,
    );
  }
  return {
    report,
    appCpu: (appAfter - appBefore) / report.requests,
    daemonCpu: (daemonAfter - daemonBefore) / report.requests,
  };
}

function* linesOf(system: string, rounds: readonly Round[]): Generator<ResultLine> {
  const line = (what: string, unit: string, of: (round: Round) => number) =>
    resultLine({ bench: 'boutique', case: `${RATE} requests/s, ${what}`, system, unit }, rounds.map(of));
  yield line('CPU of the app', 's/1000', ({ appCpu }) => appCpu);
  yield line('CPU of the daemon', 's/1000', ({ daemonCpu }) => daemonCpu);
  yield line('p50', 'ms', ({ report }) => report.latency.p50);
  yield line('p99', 'ms', ({ report }) => report.latency.p99);
  yield line('failed', 'requests', ({ report }) => report.failed);
}

/** Medians of what the rounds say each: what slows the machine for a while slows both sides. */
function ratiosOf(rounds: Rounds): Readonly<Record<string, number>> {
  const compare = (left: string, right: string, of: (left: Round, right: Round) => number) => {
    const others = rounds.get(right) ?? [];
    const pairs = (rounds.get(left) ?? []).flatMap((each, at) => {
      const other = others[at];
      return other === undefined ? [] : [of(each, other)];
    });
    return rounded(median(pairs));
  };
  const cpuGain = (ours: string) => compare(GRPC, ours, (theirs, our) => theirs.appCpu / our.appCpu);
  const p50Gain = (ours: string) =>
    compare(GRPC, ours, (theirs, our) => theirs.report.latency.p50 / our.report.latency.p50);
  return {
    'boutique.split.cpu_gain': cpuGain(SPLIT),
    'boutique.colocated.cpu_gain': cpuGain(COLOCATED),
    'boutique.split.p50_gain': p50Gain(SPLIT),
    'boutique.colocated.p50_gain': p50Gain(COLOCATED),
    'boutique.ingress_p50_ms': compare(
      INGRESS,
      COLOCATED,
      (through, direct) => through.report.latency.p50 - direct.report.latency.p50,
    ),
    'boutique.ingress_cpu': compare(INGRESS, COLOCATED, (through, direct) => through.appCpu - direct.appCpu),
  };
}
