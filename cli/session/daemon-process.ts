import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DaemonStatus } from '../../daemon/api/api-types.js';
import { ApiClient } from '../../daemon/api/client.js';
import { ownFolder } from '../../daemon/state/state-folder.js';
import type { CliEnvironment } from '../environment.js';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import { printable } from '../output/printable.js';

const READY_TIMEOUT_MS = 30_000;
const POLL_MS = 40;
const TERMINATE_MS = 5000;
/** The daemon's log begins anew beyond this. */
const MAX_LOG_BYTES = 16 * 1024 * 1024;
const LAST_WORDS_LINES = 12;

export interface DaemonProcess {
  readonly pid: number;
  readonly stateFolder: string;
  readonly logFile: string;
  readonly status: DaemonStatus;
  /** Resolves when the process has ended, with how. */
  readonly exited: Promise<string>;
  /** Resolves to whether it ended in time. */
  waitForExit(timeoutMs: number): Promise<boolean>;
  /** What it last wrote, for when it ended unexpectedly. */
  lastWords(): string;
  kill(): void;
}

export interface DaemonLaunch {
  readonly stateFolder: string;
  /** `ours`: ends, with its proclets, when this process does. `detached`: outlives it. */
  readonly life: 'ours' | 'detached';
  /** Further arguments. */
  readonly args: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Starts a daemon and waits until it answers. It has a process group of its own, so that a Ctrl-C in the terminal reaches
 * this process alone; its output goes to `<state folder>/daemon.log`.
 */
export async function startDaemonProcess(cli: CliEnvironment, launch: DaemonLaunch): Promise<DaemonProcess> {
  const { stateFolder, life } = launch;
  const logFile = await prepareLog(stateFolder);
  const logStart = statSync(logFile).size;
  const log = openSync(logFile, 'a', 0o600);
  const args = [
    '--state',
    stateFolder,
    ...(life === 'ours' ? ['--stop-proclets-on-exit'] : []),
    ...launch.args,
  ];
  const child = spawn(process.execPath, [...process.execArgv, daemonMain(), ...args], {
    cwd: cli.cwd,
    env: cli.env,
    detached: true,
    // The daemon ends when the channel does.
    stdio: ['ignore', log, log, ...(life === 'ours' ? (['ipc'] as const) : [])],
  });
  closeSync(log);
  let ended: string | undefined;
  const exited = new Promise<string>((resolve) => {
    child.once('error', (reason) => resolve(`could not be started: ${reason.message}`));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `exited with code ${code}` : `was killed by ${signal}`),
    );
  });
  void exited.then((how) => {
    ended = how;
  });
  const lastWords = () => tail(logFile, logStart);
  const client = new ApiClient(stateFolder);
  const deadline = cli.now() + READY_TIMEOUT_MS;
  try {
    for (;;) {
      const status = await client.status().catch(() => undefined); // not there yet, or ended, which is seen below
      if (status !== undefined && status.pid === child.pid) {
        if (life === 'detached') child.unref();
        return {
          pid: status.pid,
          stateFolder,
          logFile,
          status,
          exited,
          lastWords,
          waitForExit: async (timeoutMs) => {
            await within(exited, timeoutMs, cli);
            return ended !== undefined;
          },
          kill: () => void child.kill('SIGKILL'),
        };
      }
      if (ended !== undefined) throw startFailure(stateFolder, ended, lastWords());
      if (launch.signal?.aborted === true || cli.now() >= deadline) {
        child.kill('SIGTERM');
        await within(exited, TERMINATE_MS, cli);
        child.kill('SIGKILL');
        const why =
          launch.signal?.aborted === true ? 'was interrupted' : `did not answer in ${READY_TIMEOUT_MS} ms`;
        throw startFailure(stateFolder, why, lastWords());
      }
      await cli.sleep(POLL_MS, launch.signal);
    }
  } finally {
    client.close();
  }
}

/** Waits for it, but no longer than so; leaves no timer behind. */
async function within(awaited: Promise<unknown>, timeoutMs: number, cli: CliEnvironment): Promise<void> {
  const over = new AbortController();
  await Promise.race([awaited, cli.sleep(timeoutMs, over.signal)]);
  over.abort();
}

function startFailure(stateFolder: string, how: string, words: string): CliError {
  const said = words === '' ? '' : `:\n${words}`;
  return new CliError(EXIT.failure, `the daemon on ${stateFolder} ${how}${said}`);
}

/** The daemon's entry, compiled or, when this runs from source, not. */
function daemonMain(): string {
  const here = fileURLToPath(import.meta.url);
  return fileURLToPath(new URL(`../../daemon/main${extname(here)}`, import.meta.url));
}

async function prepareLog(stateFolder: string): Promise<string> {
  await ownFolder(stateFolder);
  const file = join(stateFolder, 'daemon.log');
  try {
    const isLarge = existsSync(file) && statSync(file).size > MAX_LOG_BYTES;
    closeSync(openSync(file, isLarge ? 'w' : 'a', 0o600));
    return file;
  } catch (reason) {
    throw new CliError(EXIT.failure, `cannot write the daemon's log ${file}: ${(reason as Error).message}`, {
      mend: 'name another state folder with --state',
      cause: reason,
    });
  }
}

function tail(file: string, from: number): string {
  const text = readFileSync(file).subarray(from).toString('utf8');
  return printable(text).trimEnd().split('\n').slice(-LAST_WORDS_LINES).join('\n');
}
