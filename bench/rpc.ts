import { latencyMode } from './latency-mode.js';
import { callsPerSecond, cpuPerMillion, type LoadTarget } from './load.js';
import type { Operation } from './operation.js';
import type { Bench } from './report.js';
import { inRounds, lines, type Measured, ratio } from './rounds.js';
import { heat, TestBed } from './test-bed.js';

type Payload = '30' | '1000' | 'list';

interface Case {
  readonly payload: Payload;
  readonly inFlight: number;
  /** Ratios are made of it: measured with --quick too. */
  readonly always: boolean;
}

const OPERATIONS: Readonly<Record<Payload, Operation>> = { 30: 'echo-30', 1000: 'echo-1000', list: 'list' };
const TITLES: Readonly<Record<Payload, string>> = { 30: '30 B', 1000: '1 KB', list: 'nine products' };

const CASES: readonly Case[] = [
  { payload: '30', inFlight: 1, always: true },
  { payload: '30', inFlight: 64, always: true },
  { payload: '30', inFlight: 1024, always: true },
  { payload: '1000', inFlight: 1, always: false },
  { payload: '1000', inFlight: 64, always: true },
  { payload: '1000', inFlight: 1024, always: false },
  { payload: 'list', inFlight: 1, always: false },
  { payload: 'list', inFlight: 64, always: true },
  { payload: 'list', inFlight: 1024, always: false },
];

/** Unary calls between two proclets of one daemon, beside what else a Node program can call with. */
export const rpc: Bench = {
  name: 'rpc',
  summary: 'unary calls between two processes, beside gRPC, Moleculer, NestJS, NATS, HTTP and a raw echo',
  async *run({ quick }) {
    const bed = await TestBed.open();
    try {
      const targets = await startAll(bed);
      const timed = { warmUpMs: quick ? 250 : 500, measuredMs: quick ? 750 : 2000 };
      const rounds = quick ? 3 : 7;
      const byCase = new Map<string, (system: string) => Measured | undefined>();
      for (const { payload, inFlight } of CASES.filter(({ always }) => always || !quick)) {
        const measured = await inRounds(
          payload === 'list' ? targets.filter(({ name }) => !name.startsWith('raw')) : targets,
          {
            kind: 'closed',
            operation: OPERATIONS[payload],
            inFlight,
            ...timed,
          },
          rounds,
        );
        const title = `${TITLES[payload]}, ${inFlight} in flight`;
        yield* lines('rpc', title, 'calls/s', measured, callsPerSecond);
        yield* lines('rpc', `${title}, CPU`, 's/1M', measured, cpuPerMillion);
        if (inFlight === 1) {
          yield* lines('rpc', `${title}, p50`, 'µs', measured, ({ p50Us }) => p50Us);
          yield* lines('rpc', `${title}, p99`, 'µs', measured, ({ p99Us }) => p99Us);
        }
        byCase.set(`${payload}.c${inFlight}`, (start) =>
          measured.find(({ system }) => system.startsWith(start)),
        );
      }
      const off = targets.find(({ name }) => name === 'weaverd, Unix socket');
      const raw = targets.find(({ name }) => name === 'raw echo, TCP');
      const polled =
        off === undefined || raw === undefined ? {} : yield* latencyMode(bed, { off, raw }, timed, rounds);
      return { ...ratios((key, system) => byCase.get(key)?.(system)), ...polled };
    } finally {
      await bed.close();
    }
  },
};

async function startAll(bed: TestBed): Promise<readonly LoadTarget[]> {
  const targets: LoadTarget[] = [];
  for (const transport of ['unix', 'tcp'] as const) targets.push(await bed.echo({ transport }));
  for (const peer of ['rawUnix', 'rawTcp', 'grpc', 'moleculer', 'nest', 'nats', 'http'] as const) {
    targets.push(await bed.peer(peer));
  }
  await heat(targets);
  return targets;
}

/** Ours is over the Unix socket, as proclets of one host are; the raw echo that of TCP, and beside it like against like. */
function ratios(
  measured: (key: string, system: string) => Measured | undefined,
): Readonly<Record<string, number>> {
  const unix = 'weaverd, Unix';
  const throughput = (key: string, theirs: string, ours = unix) =>
    ratio(measured(key, ours), measured(key, theirs), callsPerSecond);
  const p50 = (theirs: string, ours = unix) =>
    ratio(measured('30.c1', ours), measured('30.c1', theirs), ({ p50Us }) => p50Us);
  return {
    'rpc.30.c64.vs_raw': throughput('30.c64', 'raw echo, TCP'),
    'rpc.30.c64.vs_raw.unix_both': throughput('30.c64', 'raw echo, Unix'),
    'rpc.30.c64.vs_raw.tcp_both': throughput('30.c64', 'raw echo, TCP', 'weaverd, TCP'),
    'rpc.30.c64.vs_grpc': throughput('30.c64', 'grpc'),
    'rpc.30.c64.vs_moleculer': throughput('30.c64', 'Moleculer'),
    'rpc.1000.c64.vs_grpc': throughput('1000.c64', 'grpc'),
    'rpc.list.c64.vs_grpc': throughput('list.c64', 'grpc'),
    'rpc.list.c64.vs_moleculer': throughput('list.c64', 'Moleculer'),
    'rpc.30.c1.p50_vs_grpc': p50('grpc'),
    'rpc.30.c1.p50_vs_raw': p50('raw echo, TCP'),
    'rpc.30.c1.p50_vs_raw.unix_both': p50('raw echo, Unix'),
    'rpc.30.c1.p50_vs_raw.tcp_both': p50('raw echo, TCP', 'weaverd, TCP'),
    'rpc.30.c64.cpu_vs_grpc': ratio(measured('30.c64', unix), measured('30.c64', 'grpc'), cpuPerMillion),
  };
}
