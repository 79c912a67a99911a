import { setTimeout } from 'node:timers/promises';
import { BEFORE_DEATH_MS, BEYOND_DEATH_MS } from '../../cluster/faults/fault.js';
import type { DaemonHost } from '../../cluster/support/daemon-host.js';
import { kill } from '../../cluster/support/test-network.js';
import type { Random } from '../../simulation/random.js';
import type { FleetWorld } from '../fleet-world.js';
import type { Fault } from '../round.js';

const PAUSE_MS = 10_000;
const DOWN_MS = 3000;

const ownerKilled: Fault<FleetWorld> = {
  name: 'owner killed',
  async inject(world, random) {
    kill(random.pick(await world.owners()).pid, 'SIGKILL');
  },
};

const ownerPaused: Fault<FleetWorld> = {
  name: 'owner paused',
  async inject(world, random) {
    const { pid } = random.pick(await world.owners());
    kill(pid, 'SIGSTOP');
    await setTimeout(PAUSE_MS);
    kill(pid, 'SIGCONT');
  },
};

/** For so long that others own its keys when it is back, which it does not know at first. */
const hostCutOff: Fault<FleetWorld> = {
  name: "owner's host cut off",
  inject: async (world, random) => cut(world, await anOwnersHost(world, random), BEYOND_DEATH_MS),
};

const hostCutOffShortly: Fault<FleetWorld> = {
  name: "owner's host cut off shortly",
  inject: async (world, random) => cut(world, await anOwnersHost(world, random), BEFORE_DEATH_MS),
};

/** It reaches Redis and its clients, and hears nothing from the leader. */
const daemonFrozen: Fault<FleetWorld> = {
  name: "daemon of an owner's host frozen",
  async inject(world, random) {
    const host = await anOwnersHost(world, random);
    host.signal('SIGSTOP');
    await setTimeout(BEYOND_DEATH_MS);
    host.signal('SIGCONT');
  },
};

const daemonKilled: Fault<FleetWorld> = {
  name: "daemon of an owner's host killed",
  inject: async (world, random) => restarted(await anOwnersHost(world, random)),
};

const leaderKilled: Fault<FleetWorld> = {
  name: 'leader killed',
  inject: async ({ fleet }) => restarted(await fleet.leader()),
};

const hostKilled: Fault<FleetWorld> = {
  name: "owner's host killed",
  async inject(world, random) {
    const host = await anOwnersHost(world, random);
    await host.killAll();
    await setTimeout(DOWN_MS);
    await host.start();
  },
};

const redisKilled: Fault<FleetWorld> = {
  name: 'Redis killed',
  async inject({ redis }) {
    await redis.kill();
    await setTimeout(DOWN_MS);
    await redis.start();
  },
};

export const FLEET_FAULTS: readonly Fault<FleetWorld>[] = [
  ownerKilled,
  ownerPaused,
  hostCutOff,
  hostCutOffShortly,
  daemonFrozen,
  daemonKilled,
  leaderKilled,
  hostKilled,
  redisKilled,
];

async function anOwnersHost(world: FleetWorld, random: Random): Promise<DaemonHost> {
  return world.fleet.named(random.pick(await world.owners()).host);
}

async function cut({ fleet }: FleetWorld, { name }: DaemonHost, holdMs: number): Promise<void> {
  fleet.network.cut(name);
  await setTimeout(holdMs);
  fleet.network.plug(name);
}

async function restarted(host: DaemonHost): Promise<void> {
  await host.killDaemon();
  await setTimeout(DOWN_MS);
  await host.start();
}
