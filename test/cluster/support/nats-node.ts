import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.js';
import { natsServerBinary } from '../../support/nats-server.js';
import type { TestNetwork } from './test-network.js';

const CLIENT_PORT = 4222;
const CLUSTER_PORT = 6222;
const MONITOR_PORT = 8222;

/** A nats-server on a host of its own, one of a JetStream cluster. */
export class NatsNode {
  #child: ChildProcess | undefined;

  constructor(
    readonly host: string,
    private readonly network: TestNetwork,
    private readonly folder: string,
  ) {}

  get url(): string {
    return `nats://${this.network.address(this.host)}:${CLIENT_PORT}`;
  }

  /** `peers`: the hosts of all. */
  async configure(peers: readonly string[], more = ''): Promise<void> {
    const { network, host } = this;
    const routes = peers.map((peer) => `"nats://${network.address(peer)}:${CLUSTER_PORT}"`);
    await mkdir(this.folder, { recursive: true });
    await writeFile(
      this.#path('nats.conf'),
      [
        `server_name: "${host}"`,
        `listen: "${network.address(host)}:${CLIENT_PORT}"`,
        `http: "${network.address(host)}:${MONITOR_PORT}"`,
        'ping_interval: "2s"',
        'ping_max: 2',
        `jetstream { store_dir: "${this.#path('data')}", max_file_store: 1GB, max_memory_store: 64MB }`,
        `cluster { name: weaver, listen: "${network.address(host)}:${CLUSTER_PORT}", routes: [${routes.join()}] }`,
        more,
        '',
      ].join('\n'),
    );
  }

  /** With the data it left; see {@link healthy}. */
  start(): void {
    const log = openSync(this.#path('nats.log'), 'a');
    const [command, args] = this.network.command(this.host, natsServerBinary(), [
      '-c',
      this.#path('nats.conf'),
    ]);
    this.#child = spawn(command, args, { stdio: ['ignore', log, log] });
    closeSync(log);
  }

  async healthy(): Promise<void> {
    const isHealthy = () =>
      this.network.get(this.host, MONITOR_PORT, '/healthz').includes('"ok"') || undefined;
    await eventually(`${this.host} is healthy; see ${this.#path('nats.log')}`, isHealthy, 60_000);
  }

  /** The node that leads JetStream itself, as this one knows it. */
  metaLeader(): string | undefined {
    const status = JSON.parse(this.network.get(this.host, MONITOR_PORT, '/jsz')) as {
      readonly meta_cluster?: { readonly leader?: string };
    };
    return status.meta_cluster?.leader;
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

  /** Only when it does not run. */
  async wipe(): Promise<void> {
    await rm(this.#path('data'), { recursive: true, force: true });
  }

  #path(name: string): string {
    return join(this.folder, name);
  }
}
