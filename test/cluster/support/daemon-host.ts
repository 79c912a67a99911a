import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DaemonEvent, DaemonStatus } from '../../../daemon/api/api-types.js';
import { ApiClient } from '../../../daemon/api/client.js';
import { eventually } from '../../support/eventually.js';
import { REPOSITORY } from '../../support/weaverd.js';
import { kill, type TestNetwork } from './test-network.js';

const DAEMON = join(REPOSITORY, 'dist/daemon/main.js');
const STARTING_MS = 60_000;

/** What of `weaverd.toml` a test may want otherwise. */
export interface DaemonHostConfig {
  readonly cluster: string;
  readonly secretFile: string;
  readonly natsUrls: readonly string[];
  readonly zone: string;
  /** The host's own by default. */
  readonly hostName?: string;
  readonly address?: string;
  readonly maxReplicas?: number;
  /** `user:password` for NATS. */
  readonly natsUser?: string;
  /** Further tables. */
  readonly more?: string;
}

/** A host with a daemon, as it ships. */
export class DaemonHost {
  readonly api: ApiClient;
  readonly folder: string;
  #child: ChildProcess | undefined;

  constructor(
    readonly name: string,
    private readonly network: TestNetwork,
    folder: string,
  ) {
    this.folder = join(folder, name);
    this.api = new ApiClient(this.stateFolder);
  }

  get stateFolder(): string {
    return join(this.folder, 's');
  }

  async configure(config: DaemonHostConfig): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await writeFile(
      this.#configFile,
      [
        `stateFolder = "${this.stateFolder}"`,
        `hostName = "${config.hostName ?? this.name}"`,
        'warmProclets = 0',
        '[cluster]',
        `name = "${config.cluster}"`,
        `address = "${config.address ?? this.network.address(this.name)}"`,
        `secretFile = "${config.secretFile}"`,
        `labels = { zone = "${config.zone}" }`,
        `capacity = { maxReplicas = ${config.maxReplicas ?? 50} }`,
        '[nats]',
        `servers = [${config.natsUrls.map((url) => `"${url}"`).join()}]`,
        config.natsUser === undefined ? '' : `userFile = "${this.#userFile}"`,
        config.more ?? '',
        '',
      ].join('\n'),
    );
    if (config.natsUser !== undefined) await writeFile(this.#userFile, config.natsUser, { mode: 0o600 });
  }

  /** Resolves when its API answers. */
  async start(): Promise<void> {
    const log = openSync(this.#logFile, 'a');
    const [command, args] = this.network.command(this.name, process.execPath, [
      DAEMON,
      '--config',
      this.#configFile,
    ]);
    const child = spawn(command, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#child = child;
    await eventually(
      `the daemon of ${this.name} answers; see ${this.#logFile}`,
      () => this.api.status(),
      STARTING_MS,
    );
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`no daemon runs on ${this.name}`);
    return pid;
  }

  get isRunning(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    kill(this.pid, signal);
  }

  /** Of the daemon only, with SIGKILL; resolves when it is gone. */
  async killDaemon(): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** All that runs on the host, with SIGKILL, as a power cut; but for what watches it. */
  async killAll(spared: readonly number[] = []): Promise<void> {
    for (const pid of this.network.pids(this.name)) if (!spared.includes(pid)) kill(pid, 'SIGKILL');
    await this.killDaemon();
  }

  status(): Promise<DaemonStatus> {
    return this.api.status();
  }

  /** The newest, oldest first. */
  async events(limit = 500): Promise<readonly DaemonEvent[]> {
    const events: DaemonEvent[] = [];
    for await (const event of this.api.events({ limit })) events.push(event);
    return events;
  }

  get #userFile(): string {
    return join(this.folder, 'nats-user');
  }

  get #configFile(): string {
    return join(this.folder, 'weaverd.toml');
  }

  get #logFile(): string {
    return join(this.folder, 'daemon.log');
  }
}
