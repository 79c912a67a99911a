import type { Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import { RedisServer } from './redis-server.js';

const SLOTS = 16_384;
const SENTINELS = 3;
const MASTER_NAME = 'main';

/** A master, a replica, and three Sentinels that watch them. */
export class RedisWithSentinels {
  readonly name = MASTER_NAME;

  private constructor(
    readonly master: RedisServer,
    readonly replica: RedisServer,
    readonly sentinels: readonly RedisServer[],
  ) {}

  /** @param config of master and replica */
  static async start(config: readonly string[] = []): Promise<RedisWithSentinels> {
    const master = await RedisServer.start({ config });
    const replica = await RedisServer.start({ config: [...config, `replicaof 127.0.0.1 ${master.port}`] });
    const watched = [
      `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${master.port} 2`,
      `sentinel down-after-milliseconds ${MASTER_NAME} 500`,
      `sentinel failover-timeout ${MASTER_NAME} 2000`,
    ];
    const sentinels: RedisServer[] = [];
    for (let i = 0; i < SENTINELS; i++)
      sentinels.push(await RedisServer.start({ config: watched, isSentinel: true }));
    const group = new RedisWithSentinels(master, replica, sentinels);
    await eventually('the replica has the data', () =>
      replica.do(
        async (redis) => (await redis.info('replication')).includes('master_link_status:up') || undefined,
      ),
    );
    for (const sentinel of sentinels)
      await eventually('the sentinels know each other', () =>
        sentinel.do(async (redis) => (await fieldOf(redis, 'num-other-sentinels')) === '2' || undefined),
      );
    for (const sentinel of sentinels)
      await eventually('the sentinels know the replica', () =>
        sentinel.do(async (redis) => (await fieldOf(redis, 'num-slaves')) === '1' || undefined),
      );
    return group;
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.sentinels, this.replica, this.master].map((server) => server.dispose()));
  }
}

async function fieldOf(sentinel: Redis, field: string): Promise<string | undefined> {
  const fields = (await sentinel.call('SENTINEL', 'MASTER', MASTER_NAME)) as readonly string[];
  return fields[fields.indexOf(field) + 1];
}

/** Redis Cluster of three masters. */
export class RedisCluster {
  private constructor(readonly nodes: readonly RedisServer[]) {}

  /** @param given of each node's configuration */
  static async start(given: readonly string[] = []): Promise<RedisCluster> {
    const nodes: RedisServer[] = [];
    for (let i = 0; i < 3; i++)
      nodes.push(
        await RedisServer.start({
          config: [
            ...given,
            'cluster-enabled yes',
            'cluster-node-timeout 2000',
            `cluster-port ${await freePort()}`,
          ],
        }),
      );
    const [first] = nodes;
    if (first === undefined) throw new Error('there is no node');
    const busPorts = await Promise.all(nodes.map((node) => node.do(async (redis) => busPortOf(redis))));
    for (const [i, node] of nodes.entries()) {
      const from = Math.floor((SLOTS * i) / nodes.length);
      const to = Math.floor((SLOTS * (i + 1)) / nodes.length) - 1;
      await node.do((redis) => redis.call('CLUSTER', 'ADDSLOTSRANGE', from, to));
      await node.do((redis) => redis.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1));
      await first.do((redis) => redis.call('CLUSTER', 'MEET', '127.0.0.1', node.port, busPorts[i] ?? 0));
    }
    for (const node of nodes)
      await eventually('the cluster is well', () =>
        node.do(async (redis) => {
          const info = String(await redis.call('CLUSTER', 'INFO'));
          return (info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3')) || undefined;
        }),
      );
    return new RedisCluster(nodes);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.dispose()));
  }
}

async function busPortOf(redis: Redis): Promise<number> {
  const [, port] = (await redis.config('GET', 'cluster-port')) as readonly string[];
  return Number(port);
}
