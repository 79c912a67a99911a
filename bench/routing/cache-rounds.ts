import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildApp } from '../../compiler/build.js';
import { assign } from '../../daemon/manager/assignment.js';
import { FakeEnvelope } from '../../sdk/proclet/spec-support.js';
import { ARTIFACT_FILES } from '../../sdk/protocol/app-description.js';
import { PROCLET_SPEC_VARIABLE } from '../../sdk/protocol/control.js';
import type { CacheReport } from './cache-app.js';

const APP = fileURLToPath(new URL('cache-app.ts', import.meta.url));
const REPLICAS = ['Pages-0', 'Pages-1', 'Pages-2', 'Pages-3'];
const COMPONENTS = ['Routed', 'Unrouted'];
const STARTING_MS = 60_000;
const TIME_LIMIT_MS = 300_000;

export interface CacheRound {
  readonly routed: CacheReport;
  readonly unrouted: CacheReport;
}

/** Four processes that host both components, each with a cache of its own, and one that calls them in turn. */
export async function cacheRounds(quick: boolean): Promise<readonly CacheRound[]> {
  const folder = await mkdtemp(join(tmpdir(), 'wb-'));
  const envelope = new FakeEnvelope();
  const started: ChildProcess[] = [];
  try {
    const bundle = await build(folder);
    const start = async (replica: string, components: readonly string[]) => {
      const hosting = {
        components: components.map((name) => ({ name, config: {}, implementation: undefined })),
        main: components.length === 0,
      };
      const specFile = join(folder, `${replica}.json`);
      await writeFile(specFile, JSON.stringify(envelope.spec(replica, hosting)), { mode: 0o600 });
      const child = spawn(process.execPath, [bundle], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, [PROCLET_SPEC_VARIABLE]: specFile, BENCH_QUICK: quick ? '1' : '0' },
      });
      started.push(child);
      return child;
    };
    await envelope.listen();
    for (const replica of REPLICAS) await start(replica, COMPONENTS);
    const deadline = performance.now() + STARTING_MS;
    while (!REPLICAS.every((replica) => envelope.phases.get(replica) === 'serving')) {
      if (performance.now() > deadline) throw new Error('the replicas did not start in time');
      await sleep(20);
    }
    const { starts, owners } = assign(undefined, REPLICAS);
    envelope.route('Routed', REPLICAS, { starts, owners: owners.map((name) => REPLICAS.indexOf(name)) });
    envelope.route('Unrouted', REPLICAS);
    return await resultOf(await start('main-0', []));
  } finally {
    await Promise.all(started.map(end));
    await envelope.close();
    await rm(folder, { recursive: true, force: true });
  }
}

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

async function resultOf(main: ChildProcess): Promise<readonly CacheRound[]> {
  let output = '';
  main.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const timer = setTimeout(() => main.kill('SIGKILL'), TIME_LIMIT_MS);
  while (!output.includes('\n') && main.exitCode === null && main.signalCode === null) await sleep(50);
  clearTimeout(timer);
  if (!output.includes('\n')) throw new Error(`the caller did not report within ${TIME_LIMIT_MS} ms`);
  return JSON.parse(output) as readonly CacheRound[];
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
