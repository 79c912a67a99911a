import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import { REPOSITORY, spawnWeaverd } from './weaverd.js';

/** The boutique, served at `url` until it is stopped. */
export interface RunningShop {
  readonly url: string;
  /** Interrupts it as Ctrl-C does; resolves with its exit code. */
  stop(): Promise<number | null>;
}

/** `npx tsx examples/boutique/main.ts`. */
export async function shopInOneProcess(): Promise<RunningShop> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'ws-'));
  const manifest = join(folder, 'weaver.toml');
  const entry = join(REPOSITORY, 'examples/boutique/main.ts');
  await writeFile(
    manifest,
    `name = "boutique"\nentry = ${JSON.stringify(entry)}\n[listeners.shop]\nport = ${port}\n`,
  );
  const child = spawn(process.execPath, ['--import', 'tsx', entry], {
    cwd: REPOSITORY,
    env: { ...process.env, WEAVER_MANIFEST: manifest },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return serving(child, port, folder);
}

/** `weaverd run <app>`. */
export async function shopUnderDaemon(app: string, ...args: string[]): Promise<RunningShop> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'ws-'));
  const child = spawnWeaverd(['run', app, '--state', join(folder, 's'), '--port', `shop=${port}`, ...args]);
  return serving(child, port, folder);
}

async function serving(child: ChildProcess, port: number, folder: string): Promise<RunningShop> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output = (output + String(chunk)).slice(-20_000);
    });
  }
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill('SIGINT');
    const code = await exited;
    await rm(folder, { recursive: true, force: true });
    return code;
  };
  try {
    await eventually(
      'the shop answers',
      async () => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
        return (await fetch(`${url}/_healthz`, { signal: AbortSignal.timeout(2000) })).ok || undefined;
      },
      60_000,
    );
  } catch (reason) {
    await stop();
    throw new Error(`the shop did not come up:\n${output}`, { cause: reason });
  }
  return { url, stop };
}
