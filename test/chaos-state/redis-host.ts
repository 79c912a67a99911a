import { RedisServer } from '../support/redis-server.js';
import type { ClientLoad, ClientLoadOptions } from './client-load.js';
import { OneHost } from './one-host.js';
import type { World } from './round.js';

const REPLICAS = 3;

/** One host, several replicas, each with keys of its own, and a real Redis that writes its log before it acknowledges. */
export class RedisHost implements World {
  private constructor(
    readonly host: OneHost,
    readonly redis: RedisServer,
  ) {}

  static async start(): Promise<RedisHost> {
    const redis = await RedisServer.start({ config: ['appendfsync always'] });
    try {
      const config = `[redis]\nurl = "redis://127.0.0.1:${redis.port}"\n`;
      return new RedisHost(await OneHost.start({ ledgers: REPLICAS, gates: 2 }, config), redis);
    } catch (reason) {
      await redis.dispose();
      throw reason;
    }
  }

  startLoad(options: Pick<ClientLoadOptions, 'clients' | 'seed'>): ClientLoad {
    return this.host.startLoad(options);
  }

  async dispose(): Promise<void> {
    await this.host.dispose();
    await this.redis.dispose();
  }
}
