import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildApp } from '../compiler/build.js';
import { FakeEnvelope } from '../sdk/proclet/spec-support.js';
import { ARTIFACT_FILES } from '../sdk/protocol/app-description.js';
import { PROCLET_SPEC_VARIABLE } from '../sdk/protocol/control.js';
import { type Bench, median, resultLine, rounded } from './report.js';

const APP = fileURLToPath(new URL('slow-replica-app.ts', import.meta.url));
const REPLICAS = ['Lookup-0', 'Lookup-1', 'Lookup-2', 'Lookup-3'];
const SYSTEMS = ['healthy', 'one slow'] as const;
const TIME_LIMIT_MS = 60_000;

interface Latencies {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** Four proclets that take 2 ms a call, or three and one that takes 40; calls come at a steady rate. */
export const slowReplica: Bench = {
  name: 'slow_replica',
  summary: 'latency with one of four replicas 20 times slower, against all four healthy',
  async *run({ quick }) {
    const folder = await mkdtemp(join(tmpdir(), 'wb-'));
    try {
      const bundle = await build(folder);
      const rounds: Record<(typeof SYSTEMS)[number], Latencies[]> = { healthy: [], 'one slow': [] };
      for (let round = 0; round < (quick ? 3 : 5); round++) {
        for (const system of SYSTEMS) rounds[system].push(await measure(bundle, folder, system, quick));
      }
      for (const quantile of ['p50', 'p90', 'p99'] as const) {
        for (const system of SYSTEMS) {
          yield resultLine(
            { bench: 'slow_replica', case: `400 calls/s, ${quantile}`, system, unit: 'ms' },
            rounds[system].map((each) => each[quantile]),
          );
        }
      }
      const p99 = (system: (typeof SYSTEMS)[number]) => median(rounds[system].map((each) => each.p99));
      return { 'slow_replica.p99_vs_healthy': rounded(p99('one slow') / p99('healthy')) };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function build(folder: string): Promise<string> {
  const built = await buildApp({
    entry: APP,
    app: 'test',
    folder: fileURLToPath(new URL('.', import.meta.url)),
    outFolder: join(folder, 'built'),
  });
  if (built.kind === 'failed') throw new Error(built.diagnostics.map(({ message }) => message).join('\n'));
  return join(built.folder, ARTIFACT_FILES.bundle);
}

async function measure(
  bundle: string,
  folder: string,
  system: (typeof SYSTEMS)[number],
  quick: boolean,
): Promise<Latencies> {
  const envelope = new FakeEnvelope();
  const started: ChildProcess[] = [];
  const start = async (replica: string, components: readonly string[], slow: boolean) => {
    const hosting = {
      components: components.map((name) => ({ name, config: {}, implementation: undefined })),
      main: components.length === 0,
    };
    const specFile = join(folder, `${replica}.json`);
    await writeFile(specFile, JSON.stringify(envelope.spec(replica, hosting)), { mode: 0o600 });
    const child = spawn(process.execPath, [bundle], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        [PROCLET_SPEC_VARIABLE]: specFile,
        BENCH_SLOW: slow ? '1' : '0',
        BENCH_QUICK: quick ? '1' : '0',
      },
    });
    started.push(child);
    return child;
  };
  await envelope.listen();
  try {
    for (const replica of REPLICAS)
      await start(replica, ['Lookup'], system === 'one slow' && replica === REPLICAS[0]);
    const deadline = performance.now() + TIME_LIMIT_MS;
    while (!REPLICAS.every((replica) => envelope.phases.get(replica) === 'serving')) {
      if (performance.now() > deadline) throw new Error('the replicas did not start in time');
      await sleep(20);
    }
    envelope.route('Lookup', REPLICAS);
    return await resultOf(await start('main-0', [], false));
  } finally {
    await Promise.all(started.map((child) => end(child)));
    await envelope.close();
  }
}

async function resultOf(main: ChildProcess): Promise<Latencies> {
  let output = '';
  main.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const timer = setTimeout(() => main.kill('SIGKILL'), TIME_LIMIT_MS);
  while (!output.includes('\n') && main.exitCode === null && main.signalCode === null) await sleep(50);
  clearTimeout(timer);
  return JSON.parse(output) as Latencies;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
