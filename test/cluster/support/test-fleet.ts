import { rmSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppStatus, DaemonEvent, DaemonStatus, ReplicaStatus } from '../../../daemon/api/api-types.js';
import { eventually } from '../../support/eventually.js';
import { REPOSITORY, weaverd } from '../../support/weaverd.js';
import { DaemonHost, type DaemonHostConfig } from './daemon-host.js';
import { NatsNode } from './nats-node.js';
import { TestNetwork } from './test-network.js';

const APP = 'probe';
const ZONES = 2;
const CONVERGING_MS = 90_000;
/** Of the calls of the probe. */
export const CALL_TIMEOUT_MS = 6000;

export interface TestFleetOptions {
  readonly hosts: number;
  /** Lines of each nats-server's configuration. */
  readonly natsServer?: string;
  /** `user:password` of the daemons. */
  readonly natsUser?: string;
  /** Hosts without a daemon. */
  readonly otherHosts?: readonly string[];
  /** Tables of each daemon's configuration besides the usual; when all hosts have their addresses. */
  readonly daemonConfig?: (network: TestNetwork, folder: string) => string;
}

/** A real cluster on this machine: hosts with daemons, three NATS nodes, and the probe app; each host with a network of its own. */
export class TestFleet {
  readonly hosts: readonly DaemonHost[];
  readonly nats: readonly NatsNode[];

  private constructor(
    readonly network: TestNetwork,
    readonly folder: string,
    private readonly options: TestFleetOptions,
  ) {
    const named = (prefix: string, count: number) =>
      Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
    this.hosts = named('h', options.hosts).map((name) => new DaemonHost(name, network, folder));
    this.nats = named('n', 3).map((name) => new NatsNode(name, network, join(folder, name)));
  }

  /** All daemons agree that all hosts are there. Nothing stays when it fails. */
  static async start(options: TestFleetOptions): Promise<TestFleet> {
    const network = TestNetwork.open();
    const folder = await mkdtemp(join(tmpdir(), 'wf-'));
    const fleet = new TestFleet(network, folder, options);
    process.once('exit', fleet.#removeFolder);
    try {
      await fleet.#start();
      return fleet;
    } catch (reason) {
      await fleet.dispose();
      throw reason;
    }
  }

  async #start(): Promise<void> {
    for (const { host } of this.nats) this.network.addHost(host);
    for (const { name } of this.hosts) this.network.addHost(name);
    for (const name of this.options.otherHosts ?? []) this.network.addHost(name);
    await writeFile(this.#secretFile, 'a secret of test hosts only, thirty-two bytes or more');
    await chmod(this.#secretFile, 0o600);
    const peers = this.nats.map(({ host }) => host);
    for (const node of this.nats) {
      await node.configure(peers, this.options.natsServer);
      node.start();
    }
    await Promise.all(this.nats.map((node) => node.healthy()));
    await Promise.all(
      this.hosts.map(async (host, index) => {
        await host.configure(this.configOf(index));
        await host.start();
      }),
    );
    await this.agreed();
  }

  /** Of the host with that index, from 0. */
  configOf(index: number): DaemonHostConfig {
    return {
      cluster: 'fleet',
      secretFile: this.#secretFile,
      natsUrls: this.nats.map(({ url }) => url),
      zone: `z${(index % ZONES) + 1}`,
      more: this.options.daemonConfig?.(this.network, this.folder) ?? '',
      ...(this.options.natsUser === undefined ? {} : { natsUser: this.options.natsUser }),
    };
  }

  get #secretFile(): string {
    return join(this.folder, 'secret');
  }

  get probeFolder(): string {
    return join(this.folder, 'probe');
  }

  /** One more, which is not started, and not expected to be there. */
  async addHost(name: string, config: Partial<DaemonHostConfig> = {}): Promise<DaemonHost> {
    this.network.addHost(name);
    const host = new DaemonHost(name, this.network, this.folder);
    await host.configure({ ...this.configOf(0), ...config });
    return host;
  }

  /** A Target and a Caller on each host; resolves when they serve. */
  async deployProbe(): Promise<void> {
    await this.submitProbe({ targets: this.hosts.length, wait: true });
    await this.converged();
  }

  /** `targets`: replicas of Target. */
  async submitProbe({ targets, wait }: { readonly targets: number; readonly wait: boolean }): Promise<void> {
    await mkdir(this.probeFolder, { recursive: true });
    const manifest = join(this.folder, 'weaver.toml');
    const replicas = this.hosts.length;
    const entry = JSON.stringify(join(REPOSITORY, 'test/fixtures/probe/main.ts'));
    await writeFile(
      manifest,
      `name = "${APP}"\nentry = ${entry}\n[components.Target]\nreplicas = ${targets}\n[components.Caller]\nreplicas = ${replicas}\n[calls]\ntimeout = ${CALL_TIMEOUT_MS}\n[env]\nPROBE_FOLDER = "${this.probeFolder}"\n`,
    );
    const { stateFolder } = this.host(0);
    const patience = wait ? [] : ['--no-wait'];
    const { code, stdout, stderr } = await weaverd(['deploy', manifest, ...patience, '--state', stateFolder]);
    if (code !== 0) throw new Error(`the probe was not deployed:\n${stdout}\n${stderr}`);
  }

  host(index: number): DaemonHost {
    const host = this.hosts[index];
    if (host === undefined) throw new Error(`the fleet has no host ${index}`);
    return host;
  }

  named(name: string): DaemonHost {
    const host = this.hosts.find((each) => each.name === name);
    if (host === undefined) throw new Error(`the fleet has no host ${name}`);
    return host;
  }

  /** As the first daemon that knows says. */
  async leader(): Promise<DaemonHost> {
    return eventually('a leader is known', async () => {
      for (const host of this.hosts) {
        const status = await host.status().catch(() => undefined);
        if (status?.cluster?.leader !== undefined) return this.named(status.cluster.leader.host);
      }
      return undefined;
    });
  }

  natsNode(host: string): NatsNode {
    const node = this.nats.find((each) => each.host === host);
    if (node === undefined) throw new Error(`the fleet has no NATS node ${host}`);
    return node;
  }

  /** The node that leads JetStream. */
  async natsLeader(): Promise<NatsNode> {
    const name = await eventually('JetStream has a leader', () => {
      for (const node of this.nats) {
        const leader = node.metaLeader();
        if (leader !== undefined && leader !== '') return leader;
      }
      return undefined;
    });
    return this.natsNode(name);
  }

  /** Of the probe, as the leader sees them; once it is seen. */
  async replicas(): Promise<readonly ReplicaStatus[]> {
    return eventually('a leader knows replicas of the probe', async () => {
      const leader = await this.leader();
      const replicas = replicasOf(probeOf(await leader.status()));
      return replicas.length > 0 ? replicas : undefined;
    });
  }

  /** What all daemons have told, since some time (Unix ms); each event once. */
  async events(since: number): Promise<readonly DaemonEvent[]> {
    const told = await Promise.all(this.hosts.map((host) => host.events().catch(() => [])));
    return told.flat().filter(({ at, origin }) => at >= since && origin === undefined);
  }

  /** Every daemon answers, and all say the same of leader and hosts: each host is there. */
  async agreed(timeoutMs = CONVERGING_MS): Promise<readonly DaemonStatus[]> {
    return this.#until('all daemons agree on a leader and that all hosts are there', disagreement, timeoutMs);
  }

  /** {@link agreed}, and the app serves whole. */
  async converged(timeoutMs = CONVERGING_MS): Promise<readonly DaemonStatus[]> {
    const problem = (statuses: readonly DaemonStatus[]) => disagreement(statuses) ?? notServing(statuses);
    return this.#until('all daemons agree, and the app serves', problem, timeoutMs);
  }

  async #until(
    what: string,
    problemOf: (statuses: readonly DaemonStatus[]) => string | undefined,
    timeoutMs: number,
  ): Promise<readonly DaemonStatus[]> {
    return eventually(
      what,
      async () => {
        const statuses = await Promise.all(this.hosts.map((host) => host.status()));
        const problem = problemOf(statuses);
        if (problem !== undefined) throw new Error(problem);
        return statuses;
      },
      timeoutMs,
    );
  }

  async dispose(): Promise<void> {
    for (const { api } of this.hosts) api.close();
    this.network.dispose();
    process.off('exit', this.#removeFolder);
    await rm(this.folder, { recursive: true, force: true });
  }

  readonly #removeFolder = () => rmSync(this.folder, { recursive: true, force: true });
}

export function probeOf(status: DaemonStatus): AppStatus {
  const app = status.apps.find((each) => each.app === APP);
  if (app === undefined) throw new Error(`${status.host} knows no ${APP}`);
  return app;
}

export function replicasOf(app: AppStatus): readonly ReplicaStatus[] {
  return app.groups.flatMap(({ replicas }) => replicas);
}

function disagreement(statuses: readonly DaemonStatus[]): string | undefined {
  const views = statuses.map(({ host, cluster }) => {
    if (cluster?.leader === undefined) return `${host} knows no leader`;
    if (cluster.bus.state !== 'connected') return `${host} is ${cluster.bus.state}: ${cluster.bus.reason}`;
    const { leader } = cluster;
    const hosts = cluster.hosts.filter((each) => statuses.some(({ host: name }) => name === each.host));
    const missing = hosts.filter(({ state }) => state !== 'alive');
    if (hosts.length !== statuses.length || missing.length > 0)
      return `${host} sees ${hosts.map((each) => `${each.host} ${each.state}`).join()}`;
    return JSON.stringify([leader, hosts.map(({ host: name, generation }) => [name, generation])]);
  });
  const [first] = views;
  if (first === undefined || !first.startsWith('[')) return first;
  return views.find((view) => view !== first);
}

function notServing(statuses: readonly DaemonStatus[]): string | undefined {
  const views = statuses.map((status) => {
    const app = probeOf(status);
    const replicas = replicasOf(app);
    const desired = app.groups.reduce((sum, group) => sum + group.desiredReplicas, 0);
    if (app.state !== 'serving') return `on ${status.host} it is ${app.state}: ${app.reason}`;
    if (replicas.length !== desired || replicas.some(({ state }) => state !== 'serving'))
      return `on ${status.host} ${replicas.map(({ replica, host, state }) => `${replica} on ${host} is ${state}`).join()}`;
    return JSON.stringify(replicas.map(({ replica, host, generation }) => [replica, host, generation]));
  });
  const [first] = views;
  if (first === undefined || !first.startsWith('[')) return first;
  return views.find((view) => view !== first);
}
