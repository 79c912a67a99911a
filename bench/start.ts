import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildApp } from '../compiler/build.js';
import { loadApp } from '../config/load-app-manifest.js';
import { ARTIFACT_FILES } from '../sdk/protocol/app-description.js';
import { startDaemon, uploadArtifact } from './daemon.js';
import {
  type BuiltBoutique,
  buildBoutique,
  type DeployedBoutique,
  deployBoutique,
} from './deployed-boutique.js';
import { stopWhenInterrupted } from './interruption.js';
import { freePort } from './peers/loopback.js';
import { cpuMs, residentBytes } from './process-usage.js';
import { type Bench, type BenchOptions, type ResultLine, resultLine, rounded } from './report.js';
import { warmAgainstCold } from './warm-start.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CLI = join(ROOT, 'dist/cli/main.js');
const HELLO = join(ROOT, 'examples/hello/main.ts');

/** Cold start of hello to its first answered call, a replica from a warm proclet against a cold one, and what the daemon and its proclets cost at rest. */
export const start: Bench = {
  name: 'start',
  summary:
    'cold start to the first answered call in each mode; replicas from warm proclets; memory and idle CPU of the daemon and its proclets',
  async *run(options) {
    const folder = await mkdtemp(join(tmpdir(), 'wb-'));
    try {
      const ratios = yield* coldStarts(folder, options);
      const boutique = await buildBoutique(join(folder, 'boutique'));
      const bundle = join(boutique.folder, ARTIFACT_FILES.bundle);
      const warmVsCold = yield* warmAgainstCold(folder, bundle, options);
      yield* atRest(folder, boutique, options);
      return { ...ratios, 'start.warm_vs_cold': warmVsCold };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function* coldStarts(
  folder: string,
  { quick }: BenchOptions,
): AsyncGenerator<ResultLine, Record<string, number>> {
  const bare = join(folder, 'bare.mjs');
  await writeFile(
    bare,
    `import { createServer } from 'node:http';\ncreateServer((_, response) => response.end('Hello, world!\\n')).listen(Number(process.env.PORT), '127.0.0.1');\n`,
  );
  const built = await buildHello(folder);
  const modes: Record<string, (round: number) => Promise<number>> = {
    'node:http': () => timeProcess([bare], folder),
    'one process, tsx': () => timeProcess(['--import', 'tsx', HELLO], folder),
    'one process, built': () => timeProcess([join(built, ARTIFACT_FILES.bundle)], folder),
    'weaverd run, build included': (round) => timeRun(join(folder, `r${round}`)),
    'deploy to a daemon': (round) => timeDeploy(join(folder, `d${round}`), built, []),
    'deploy, co-located': (round) => timeDeploy(join(folder, `c${round}`), built, 'all'),
  };
  const rounds = quick ? 3 : 9;
  const times = new Map<string, number[]>(Object.keys(modes).map((mode) => [mode, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [mode, measure] of Object.entries(modes)) times.get(mode)?.push(await measure(round));
  }
  const medians: Record<string, number> = {};
  for (const [system, measured] of times) {
    const line = resultLine({ bench: 'start', case: 'hello to first answer', system, unit: 'ms' }, measured);
    medians[system] = line.value;
    yield line;
  }
  const against = (mode: string) =>
    rounded((medians[mode] ?? Number.NaN) / (medians['node:http'] ?? Number.NaN));
  return {
    'start.built_vs_node_http': against('one process, built'),
    'start.deploy_vs_node_http': against('deploy to a daemon'),
  };
}

async function buildHello(folder: string): Promise<string> {
  const app = await loadApp(HELLO, ROOT);
  const built = await buildApp({
    entry: app.entry,
    app: app.name,
    folder: app.folder,
    outFolder: join(folder, 'built'),
  });
  if (built.kind === 'failed') throw new Error(built.diagnostics.map(({ message }) => message).join('\n'));
  return built.folder;
}

/** One process that listens by itself on the port it is given. */
async function timeProcess(args: readonly string[], folder: string): Promise<number> {
  const port = await freePort();
  const manifest = join(folder, `${port}.toml`);
  await writeFile(
    manifest,
    `name = "hello"\nentry = ${JSON.stringify(HELLO)}\n[listeners.hello]\nport = ${port}\n`,
  );
  const before = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    stdio: 'ignore',
    env: { ...process.env, PORT: String(port), WEAVER_MANIFEST: manifest },
  });
  return timeAnswer(child, port, before, 'SIGKILL');
}

async function timeRun(stateFolder: string): Promise<number> {
  const port = await freePort();
  const before = performance.now();
  const child = spawn(
    process.execPath,
    [CLI, 'run', HELLO, '--state', stateFolder, '--port', `hello=${port}`],
    { cwd: ROOT, stdio: 'ignore' },
  );
  return timeAnswer(child, port, before, 'SIGINT');
}

/** From `before` to its first answer; then the process is ended with the signal. */
async function timeAnswer(
  child: ChildProcess,
  port: number,
  before: number,
  signal: NodeJS.Signals,
): Promise<number> {
  const stop = () => end(child, signal);
  const forget = stopWhenInterrupted({ stop });
  try {
    await firstAnswer(port);
    return performance.now() - before;
  } finally {
    await stop();
    forget();
  }
}

/** From the request to deploy until the ingress answers from the app; the daemon runs already and has the artifact. */
async function timeDeploy(stateFolder: string, built: string, colocate: 'all' | []): Promise<number> {
  const { api, stop } = await startDaemon(stateFolder);
  try {
    const port = await freePort();
    const version = await uploadArtifact(api, built);
    const { manifest } = await loadApp(HELLO, ROOT);
    const before = performance.now();
    await api.deploy({
      version,
      manifest: { ...manifest, colocate, listeners: { hello: { host: '127.0.0.1', port } } },
    });
    await firstAnswer(port);
    return performance.now() - before;
  } finally {
    await stop();
  }
}

async function* atRest(
  folder: string,
  boutique: BuiltBoutique,
  { quick }: BenchOptions,
): AsyncGenerator<ResultLine> {
  const shop = await deployBoutique(boutique, join(folder, 'rest'), { colocate: [] });
  try {
    await sleep(10_000);
    const before = usage(shop);
    const watchedMs = quick ? 10_000 : 60_000;
    await sleep(watchedMs);
    const after = usage(shop);
    const line = (what: string, system: string, unit: string, value: number) =>
      resultLine({ bench: 'start', case: what, system, unit }, [value]);
    const proclets = after.filter(({ role }) => role === 'proclet').map(({ rss }) => rss / 1e6);
    yield resultLine(
      { bench: 'start', case: 'memory at rest', system: 'proclet of boutique', unit: 'MB' },
      proclets,
    );
    for (const role of ['daemon', 'ingress'] as const) {
      const [first, last] = [before, after].map((all) => all.find((each) => each.role === role));
      if (first === undefined || last === undefined) continue;
      yield line('memory at rest', role, 'MB', last.rss / 1e6);
      yield line('CPU at rest, 11 proclets', role, '% core', ((last.cpu - first.cpu) / watchedMs) * 100);
    }
    const cpuOf = (all: readonly Usage[]) =>
      all.filter(({ role }) => role === 'proclet').reduce((sum, { cpu }) => sum + cpu, 0);
    yield line(
      'CPU at rest, each of 11',
      'proclet of boutique',
      '% core',
      ((cpuOf(after) - cpuOf(before)) / watchedMs / proclets.length) * 100,
    );
  } finally {
    await shop.stop();
  }
}

interface Usage {
  readonly role: 'daemon' | 'ingress' | 'proclet';
  readonly rss: number;
  readonly cpu: number;
}

function usage({ daemonPid, ingressPid, proclets }: DeployedBoutique): readonly Usage[] {
  const all = [
    { role: 'daemon', pid: daemonPid } as const,
    { role: 'ingress', pid: ingressPid } as const,
    ...proclets.map(({ pid }) => ({ role: 'proclet', pid }) as const),
  ];
  return all.map(({ role, pid }) => ({ role, rss: residentBytes(pid), cpu: cpuMs(pid) }));
}

/** Asks until an answer of 200 comes. */
async function firstAnswer(port: number): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    if (await answers(port)) return;
    await sleep(2);
  }
  throw new Error(`nothing answered on port ${port} within a minute`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, agent: false, timeout: 5000 }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode === 200));
      response.once('error', () => resolve(false));
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
  });
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await exited;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
