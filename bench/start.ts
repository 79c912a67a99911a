import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildApp } from '../compiler/build.js';
import { loadApp } from '../config/load-app-manifest.js';
import type { DaemonStatus } from '../daemon/api/api-types.js';
import { ApiClient } from '../daemon/api/client.js';
import { ARTIFACT_FILES } from '../sdk/protocol/app-description.js';
import { cpuMs, residentBytes } from './process-usage.js';
import { type Bench, type BenchOptions, type ResultLine, resultLine, rounded } from './report.js';
import { warmAgainstCold } from './warm-start.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CLI = join(ROOT, 'dist/cli/main.js');
const BOUTIQUE = join(ROOT, 'examples/boutique');
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
      const boutique = await buildBoutique(folder);
      const bundle = join(boutique, ARTIFACT_FILES.bundle);
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
  await firstAnswer(port);
  const took = performance.now() - before;
  await end(child, 'SIGKILL');
  return took;
}

async function timeRun(stateFolder: string): Promise<number> {
  const port = await freePort();
  const before = performance.now();
  const child = spawn(
    process.execPath,
    [CLI, 'run', HELLO, '--state', stateFolder, '--port', `hello=${port}`],
    { cwd: ROOT, stdio: 'ignore' },
  );
  await firstAnswer(port);
  const took = performance.now() - before;
  await end(child, 'SIGINT');
  return took;
}

/** From the request to deploy until the ingress answers from the app; the daemon runs already and has the artifact. */
async function timeDeploy(stateFolder: string, built: string, colocate: 'all' | []): Promise<number> {
  const { child, api } = await startDaemon(stateFolder);
  try {
    const port = await freePort();
    const version = await upload(api, built);
    const { manifest } = await loadApp(HELLO, ROOT);
    const before = performance.now();
    await api.deploy({
      version,
      manifest: { ...manifest, colocate, listeners: { hello: { host: '127.0.0.1', port } } },
    });
    await firstAnswer(port);
    return performance.now() - before;
  } finally {
    await api.shutdown({ stopProclets: true });
    api.close();
    await end(child, undefined);
  }
}

async function* atRest(
  folder: string,
  boutique: string,
  { quick }: BenchOptions,
): AsyncGenerator<ResultLine> {
  const stateFolder = join(folder, 'rest');
  const { child, api } = await startDaemon(stateFolder);
  try {
    await deployBoutique(api, boutique);
    await sleep(10_000);
    const before = usage(await api.status());
    const watchedMs = quick ? 10_000 : 60_000;
    await sleep(watchedMs);
    const after = usage(await api.status());
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
    await api.shutdown({ stopProclets: true });
    api.close();
    await end(child, undefined);
  }
}

async function buildBoutique(folder: string): Promise<string> {
  const app = await loadApp(BOUTIQUE, ROOT);
  const built = await buildApp({
    entry: app.entry,
    app: app.name,
    folder: app.folder,
    outFolder: join(folder, 'boutique'),
  });
  if (built.kind === 'failed') throw new Error('the boutique does not build');
  return built.folder;
}

async function deployBoutique(api: ApiClient, built: string): Promise<void> {
  const app = await loadApp(BOUTIQUE, ROOT);
  const port = await freePort();
  const version = await upload(api, built);
  await api.deploy({
    version,
    manifest: { ...app.manifest, listeners: { shop: { host: '127.0.0.1', port } } },
  });
  await firstAnswer(port, '/_healthz');
  while ((await api.app(app.name)).state !== 'serving') await sleep(50);
}

interface Usage {
  readonly role: 'daemon' | 'ingress' | 'proclet';
  readonly rss: number;
  readonly cpu: number;
}

function usage(status: DaemonStatus): readonly Usage[] {
  const proclets = status.apps.flatMap(({ groups }) =>
    groups.flatMap(({ replicas }) => replicas.map(({ pid }) => pid)),
  );
  const all: (readonly [Usage['role'], number | undefined])[] = [
    ['daemon', status.pid],
    ['ingress', status.ingress.pid],
    ...proclets.map((pid) => ['proclet', pid] as const),
  ];
  return all.flatMap(([role, pid]) =>
    pid === undefined ? [] : [{ role, rss: residentBytes(pid), cpu: cpuMs(pid) }],
  );
}

async function startDaemon(
  stateFolder: string,
): Promise<{ readonly child: ChildProcess; readonly api: ApiClient }> {
  const child = spawn(process.execPath, [CLI, 'start', '--state', stateFolder], {
    cwd: ROOT,
    stdio: 'ignore',
  });
  const api = new ApiClient(stateFolder);
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the daemon ended with ${child.exitCode}`);
    try {
      await api.status();
      return { child, api };
    } catch {
      await sleep(10); // not up yet
    }
  }
}

async function upload(api: ApiClient, built: string): Promise<string> {
  const description = await readFile(join(built, ARTIFACT_FILES.description));
  const { version } = JSON.parse(description.toString('utf8')) as { readonly version: string };
  for (const file of [
    ARTIFACT_FILES.bundle,
    ARTIFACT_FILES.sourceMap,
    ARTIFACT_FILES.schemas,
    ARTIFACT_FILES.description,
  ]) {
    await api.uploadArtifactFile(version, file, await readFile(join(built, file)));
  }
  return version;
}

/** Asks until an answer of 200 comes. */
async function firstAnswer(port: number, path = '/'): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    if (await answers(port, path)) return;
    await sleep(2);
  }
  throw new Error(`nothing answered on port ${port} within a minute`);
}

function answers(port: number, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false, timeout: 5000 }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode === 200));
      response.once('error', () => resolve(false));
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
  });
}

async function end(child: ChildProcess, signal: NodeJS.Signals | undefined): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  if (signal !== undefined) child.kill(signal);
  await exited;
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
