import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ApiClient } from '../daemon/api/client.js';
import { ARTIFACT_FILES } from '../sdk/protocol/app-description.js';
import { stopWhenInterrupted } from './interruption.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CLI = join(ROOT, 'dist/cli/main.js');
const STARTING_MS = 60_000;
const ENDING_MS = 20_000;

export interface Daemon {
  readonly api: ApiClient;
  /** Ends its proclets too. */
  stop(): Promise<void>;
}

export interface DaemonOptions {
  /** What its proclets call each other over. Default `unix`. */
  readonly transport?: 'unix' | 'tcp';
  /** Default `auto`. */
  readonly compression?: 'auto' | 'off';
  /** Where state is kept: a Redis at `redis://host:port`, with so much in the memory of its owner. Default: in files. */
  readonly redis?: { readonly url: string; readonly cacheSize: string };
  /** Beside the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The built daemon, on a state folder of its own; an interrupt stops it. */
export async function startDaemon(
  stateFolder: string,
  { transport = 'unix', compression = 'auto', redis, env = {} }: DaemonOptions = {},
): Promise<Daemon> {
  const config = `${stateFolder}.toml`;
  const store =
    redis === undefined ? '' : `[redis]\nurl = "${redis.url}"\ncacheSize = "${redis.cacheSize}"\n`;
  await writeFile(config, `transport = "${transport}"\ncompression = "${compression}"\n${store}`);
  const child = spawn(process.execPath, [CLI, 'start', '--state', stateFolder, '--config', config], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
    // An interrupt of the terminal must not reach it: its proclets would go on without it.
    detached: true,
  });
  const api = new ApiClient(stateFolder);
  const stop = () => stopDaemon(child, api, stateFolder);
  const forget = stopWhenInterrupted({ stop });
  const deadline = performance.now() + STARTING_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the daemon ended with ${child.exitCode}. Is dist/ built?`);
    try {
      await api.status();
      return { api, stop: () => stop().finally(forget) };
    } catch (reason) {
      if (performance.now() > deadline) {
        child.kill('SIGKILL');
        throw reason;
      }
      await setTimeout(20); // not up yet
    }
  }
}

async function stopDaemon(child: ChildProcess, api: ApiClient, stateFolder: string): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  await api.shutdown({ stopProclets: true });
  api.close();
  const late = setTimeout(ENDING_MS, 'late', { ref: false });
  if ((await Promise.race([exited, late])) !== 'late') return;
  child.kill('SIGKILL');
  throw new Error(`the daemon on ${stateFolder} did not end within ${ENDING_MS} ms`);
}

/** Gives the daemon a built artifact; resolves to its version. */
export async function uploadArtifact(api: ApiClient, built: string): Promise<string> {
  const { bundle, sourceMap, schemas, description } = ARTIFACT_FILES;
  const { version } = JSON.parse(await readFile(join(built, description), 'utf8')) as {
    readonly version: string;
  };
  for (const file of [bundle, sourceMap, schemas, description]) {
    await api.uploadArtifactFile(version, file, await readFile(join(built, file)));
  }
  return version;
}
