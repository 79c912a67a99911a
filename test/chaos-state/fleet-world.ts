import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReplicaStatus } from '../../daemon/api/api-types.js';
import type { DaemonHost } from '../cluster/support/daemon-host.js';
import { RedisNode } from '../cluster/support/redis-node.js';
import { TestFleet } from '../cluster/support/test-fleet.js';
import { weaverd } from '../support/weaverd.js';
import type { ClientLoad, ClientLoadOptions } from './client-load.js';
import { CombinedLoad } from './combined-load.js';
import { type LedgerManifest, ledgersOf, writeManifest } from './ledger-app.js';
import { RemoteLoad } from './remote-load.js';
import type { World } from './round.js';

const HOSTS = 3;
const PORT = 8080;
const REDIS_HOST = 'r1';
const CLIENTS_HOST = 'c1';

/** Three hosts with daemons, three NATS nodes, Redis, and the clients, each on a host of its own. */
export class FleetWorld implements World {
  #manifest: LedgerManifest;
  /** Pids. */
  #clients: readonly number[] = [];

  private constructor(
    readonly fleet: TestFleet,
    readonly redis: RedisNode,
    manifest: LedgerManifest,
  ) {
    this.#manifest = manifest;
  }

  static async start(): Promise<FleetWorld> {
    let redis: RedisNode | undefined;
    const fleet = await TestFleet.start({
      hosts: HOSTS,
      otherHosts: [REDIS_HOST, CLIENTS_HOST],
      daemonConfig(network, folder) {
        redis ??= new RedisNode(REDIS_HOST, network, join(folder, REDIS_HOST));
        return `[redis]\nurl = "${redis.url}"`;
      },
    });
    if (redis === undefined) throw new Error('a fleet configures its daemons');
    const manifest = { port: PORT, host: '0.0.0.0', ledgers: HOSTS, gates: HOSTS, revision: 0 };
    const world = new FleetWorld(fleet, redis, manifest);
    try {
      await redis.start();
      await world.deploy({});
      return world;
    } catch (reason) {
      await world.dispose();
      throw reason;
    }
  }

  /** Some clients on each host, who ask that one while it answers, and some apart. */
  startLoad({ clients, seed }: Pick<ClientLoadOptions, 'clients' | 'seed'>): ClientLoad {
    const { network, hosts } = this.fleet;
    const urlOf = (host: string) => `http://${network.address(host)}:${PORT}`;
    const names = hosts.map(({ name }) => name);
    const share = Math.ceil(clients / (HOSTS + 1));
    const loads = [
      new RemoteLoad(network, CLIENTS_HOST, { urls: names.map(urlOf), clients: share, name: 'c', seed }),
      ...names.map(
        (host, index) =>
          new RemoteLoad(network, host, {
            urls: [host, ...names.filter((name) => name !== host)].map(urlOf),
            prefer: 'first',
            clients: share,
            readers: true,
            name: `${host}.`,
            seed: seed + index + 1,
          }),
      ),
    ];
    this.#clients = loads.flatMap(({ pid }) => pid ?? []);
    return new CombinedLoad(loads);
  }

  /** All of a host but its clients, who remember what they saw. */
  async killAll(host: DaemonHost): Promise<void> {
    await host.killAll(this.#clients);
  }

  get ledgers(): number {
    return this.#manifest.ledgers;
  }

  /** With what changes; resolves when it serves. */
  async deploy(change: Partial<LedgerManifest>): Promise<void> {
    this.#manifest = { ...this.#manifest, ...change };
    const folder = join(this.fleet.folder, 'ledger');
    await mkdir(folder, { recursive: true });
    await this.#must('deploy', await writeManifest(folder, this.#manifest));
  }

  /** `drain` resolves when nothing runs there any more. */
  async moved(host: string, how: 'drain' | 'undrain'): Promise<void> {
    await this.#must(how, host, ...(how === 'drain' ? ['--wait'] : []));
  }

  /** Replicas that keep the state and serve, as the leader sees them; there is one at least. */
  async owners(): Promise<readonly (ReplicaStatus & { readonly pid: number })[]> {
    const leader = await this.fleet.leader();
    const serving = ledgersOf(await leader.status()).filter(({ state }) => state === 'serving');
    if (serving.length === 0) throw new Error('no replica of the ledger serves');
    return serving;
  }

  async dispose(): Promise<void> {
    await this.fleet.dispose();
  }

  /** A command that must succeed. */
  async #must(...args: readonly string[]): Promise<void> {
    const { name, stateFolder } = await this.fleet.leader();
    const { code, stdout, stderr } = await weaverd([...args, '--state', stateFolder]);
    if (code !== 0)
      throw new Error(`weaverd ${args.join(' ')} on ${name} ended with ${code}:\n${stdout}\n${stderr}`);
  }
}
