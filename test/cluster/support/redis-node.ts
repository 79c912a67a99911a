import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestNetwork } from './test-network.js';

const PORT = 6379;

/** A redis-server on a host of its own. Each write is on disk before it is acknowledged. */
export class RedisNode {
  #child: ChildProcess | undefined;

  constructor(
    readonly host: string,
    private readonly network: TestNetwork,
    private readonly folder: string,
  ) {}

  get url(): string {
    return `redis://${this.network.address(this.host)}:${PORT}`;
  }

  /** With the data it left. */
  async start(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const log = openSync(join(this.folder, 'redis.log'), 'a');
    const options = {
      port: PORT,
      bind: this.network.address(this.host),
      'protected-mode': 'no',
      dir: this.folder,
      save: '',
      appendonly: 'yes',
      appendfsync: 'always',
    };
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const [command, args] = this.network.command(this.host, 'redis-server', words);
    this.#child = spawn(command, args, { stdio: ['ignore', log, log] });
    closeSync(log);
  }

  /** Resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }
}
