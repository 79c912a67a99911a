import { setTimeout } from 'node:timers/promises';
import { LEASE_MARGIN_MS, LEASE_MS } from '../../../daemon/host/host-messages.js';
import { BEFORE_DEATH_MS } from '../../cluster/faults/fault.js';
import type { DaemonHost } from '../../cluster/support/daemon-host.js';
import { kill } from '../../cluster/support/test-network.js';
import type { Random } from '../../simulation/random.js';
import type { FleetWorld } from '../fleet-world.js';
import type { Fault } from '../round.js';

const PAUSE_MS = 10_000;
/** Others own the keys of a host that was silent for so long. */
const BEYOND_LEASE_MS = LEASE_MS + LEASE_MARGIN_MS + 6000;
const DOWN_MS = 3000;
const AWAKE_MS = 1000;

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
  inject: async (world, random) => cut(world, await anOwnersHost(world, random), BEYOND_LEASE_MS),
};

const hostCutOffShortly: Fault<FleetWorld> = {
  name: "owner's host cut off shortly",
  inject: async (world, random) => cut(world, await anOwnersHost(world, random), BEFORE_DEATH_MS),
};

/** It wakes up before it can hear from anybody that its keys have been given to others. */
const pausedWhileCutOff: Fault<FleetWorld> = {
  name: 'owner paused while its host is cut off',
  async inject(world, random) {
    const { network } = world.fleet;
    const { pid, host } = random.pick(await world.owners());
    kill(pid, 'SIGSTOP');
    network.cut(host);
    await setTimeout(BEYOND_LEASE_MS);
    kill(pid, 'SIGCONT');
    await setTimeout(AWAKE_MS);
    network.plug(host);
  },
};

/** Its replicas, and with them its keys, move to the others. */
const hostDrained: Fault<FleetWorld> = {
  name: "owner's host drained",
  async inject(world, random) {
    const host = await anOwnersHost(world, random);
    await world.moved(host.name, 'drain');
    await setTimeout(DOWN_MS);
    await world.moved(host.name, 'undrain');
  },
};

const scaledUp: Fault<FleetWorld> = {
  name: 'scaled up and down',
  async inject(world) {
    const { ledgers } = world;
    await world.deploy({ ledgers: ledgers + 2 });
    await setTimeout(DOWN_MS);
    await world.deploy({ ledgers });
  },
};

/** It reaches Redis and its clients, and hears nothing from the leader. */
const daemonFrozen: Fault<FleetWorld> = {
  name: "daemon of an owner's host frozen",
  async inject(world, random) {
    const host = await anOwnersHost(world, random);
    host.signal('SIGSTOP');
    await setTimeout(BEYOND_LEASE_MS);
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
    await world.killAll(host);
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
  pausedWhileCutOff,
  hostDrained,
  scaledUp,
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
