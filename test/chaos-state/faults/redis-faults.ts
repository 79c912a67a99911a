import { setTimeout } from 'node:timers/promises';
import { kill } from '../../cluster/support/test-network.js';
import type { Random } from '../../simulation/random.js';
import type { RedisHost } from '../redis-host.js';
import type { Fault } from '../round.js';
import { FILE_STORE_FAULTS } from './one-host-faults.js';

const DOWN_MS = 2000;
const PAUSE_MS = 6000;

/** What was acknowledged is in its log. */
const redisKilled: Fault<RedisHost> = {
  name: 'Redis killed',
  async inject({ redis }) {
    await redis.kill();
    await setTimeout(DOWN_MS);
    await redis.start();
  },
};

const redisPaused: Fault<RedisHost> = {
  name: 'Redis paused',
  async inject({ redis }) {
    redis.freeze();
    await setTimeout(PAUSE_MS);
    redis.thaw();
  },
};

/** Keys move to the new replicas. */
const scaledUp: Fault<RedisHost> = {
  name: 'scaled up and down',
  async inject({ host }) {
    const { ledgers } = host;
    await host.deploy({ ledgers: ledgers + 2 });
    await setTimeout(2000);
    await host.deploy({ ledgers });
  },
};

/** Keys that are to move from it cannot, until it wakes up. */
const pausedWhileScaled: Fault<RedisHost> = {
  name: 'owner paused while keys move',
  async inject({ host }, random) {
    const { ledgers } = host;
    const pid = random.pick(await host.owners());
    const scaled = host.deploy({ ledgers: ledgers + 1 });
    await setTimeout(random.between(0, 3000));
    kill(pid, 'SIGSTOP');
    await setTimeout(PAUSE_MS);
    kill(pid, 'SIGCONT');
    await scaled;
    await host.deploy({ ledgers });
  },
};

export const REDIS_FAULTS: readonly Fault<RedisHost>[] = [
  ...FILE_STORE_FAULTS.map((fault) => ({
    name: fault.name,
    inject: ({ host }: RedisHost, random: Random) => fault.inject(host, random),
  })),
  redisKilled,
  redisPaused,
  scaledUp,
  pausedWhileScaled,
];
