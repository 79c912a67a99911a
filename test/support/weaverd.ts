import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DaemonStatus } from '../../daemon/api/api-types.js';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
/** The command as it ships. */
const CLI = join(REPOSITORY, 'dist/cli/main.js');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `weaverd …` to its end. */
export function weaverd(
  args: readonly string[],
  options: { readonly cwd?: string; readonly timeoutMs?: number } = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawnWeaverd(args, options.cwd);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk) => {
      stdout += String(chunk);
    });
    child.stderr?.on('data', (chunk) => {
      stderr += String(chunk);
    });
    const timeoutMs = options.timeoutMs ?? 120_000;
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`weaverd ${args.join(' ')}: not done within ${timeoutMs} ms\n${stdout}\n${stderr}`));
    }, timeoutMs);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
}

/** Starts `weaverd …` and leaves it running. */
export function spawnWeaverd(args: readonly string[], cwd = REPOSITORY): ChildProcess {
  return spawn(process.execPath, [CLI, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
}

/** A daemon on a state folder of its own, and what a user does with it. */
export class TestDaemon {
  #child: ChildProcess | undefined;

  private constructor(
    readonly stateFolder: string,
    private readonly configFile: string | undefined,
  ) {}

  /** A temporary folder unless one is given, which is removed with the daemon all the same; and a weaverd.toml if need be. */
  static async start(stateFolder?: string, configFile?: string): Promise<TestDaemon> {
    const daemon = new TestDaemon(stateFolder ?? (await mkdtemp(join(tmpdir(), 'wd-'))), configFile);
    await daemon.restart();
    return daemon;
  }

  /** Starts it, after a {@link kill} on the same state folder. */
  async restart(): Promise<void> {
    const config = this.configFile === undefined ? [] : ['--config', this.configFile];
    const child = spawnWeaverd(['start', '--state', this.stateFolder, ...config]);
    this.#child = child;
    let output = '';
    child.stderr?.on('data', (chunk) => {
      output += String(chunk);
    });
    child.stdout?.on('data', (chunk) => {
      output += String(chunk);
    });
    let ended = false;
    child.once('exit', () => {
      ended = true;
    });
    const deadline = Date.now() + 20_000;
    while ((await weaverd(['status', '--json', '--state', this.stateFolder])).code !== 0) {
      if (ended || Date.now() > deadline) throw new Error(`the daemon did not start:\n${output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the daemon does not run');
    return pid;
  }

  run(...args: string[]): Promise<Finished> {
    return weaverd([...args, '--state', this.stateFolder]);
  }

  /** Runs a command that must succeed. */
  async must(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    if (code !== 0) throw new Error(`weaverd ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
    return stdout;
  }

  async status(): Promise<DaemonStatus> {
    return JSON.parse(await this.must('status', '--json')) as DaemonStatus;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
    this.#child = undefined;
  }

  /** Stops the daemon and all that it runs, and removes its folder. */
  async destroy(): Promise<void> {
    if (this.#child === undefined) await this.restart();
    await this.run('shutdown');
    await this.kill();
    await rm(this.stateFolder, { recursive: true, force: true });
  }
}
