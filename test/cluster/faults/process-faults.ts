import type { ReplicaStatus } from '../../../daemon/api/api-types.js';
import { eventually } from '../../support/eventually.js';
import type { DaemonHost } from '../support/daemon-host.js';
import type { TestFleet } from '../support/test-fleet.js';
import { kill } from '../support/test-network.js';
import { BEFORE_DEATH_MS, BEYOND_DEATH_MS, type Fault } from './fault.js';

const RESTART_AFTER_MS = 3000;

export const procletKilled: Fault = {
  name: 'proclet killed',
  holdMs: 0,
  plane: 'data',
  async inject(fleet) {
    const pid = pidOf(await aTarget(fleet));
    kill(pid, 'SIGKILL');
    return { affected: [], undo: () => isNoticed(fleet, pid) };
  },
};

export const procletFrozen: Fault = {
  name: 'proclet frozen',
  holdMs: 8000,
  plane: 'data',
  async inject(fleet) {
    const pid = pidOf(await aTarget(fleet));
    kill(pid, 'SIGSTOP');
    return { affected: [], undo: () => kill(pid, 'SIGCONT') };
  },
};

export const daemonKilled: Fault = {
  name: 'daemon killed',
  holdMs: RESTART_AFTER_MS,
  plane: 'control',
  inject: async (fleet) => daemonsKilled([await aFollower(fleet)]),
};

export const leaderKilled: Fault = {
  name: 'leading daemon killed',
  holdMs: RESTART_AFTER_MS,
  plane: 'control',
  inject: async (fleet) => daemonsKilled([await fleet.leader()]),
};

export const allDaemonsKilled: Fault = {
  name: 'all daemons killed',
  holdMs: RESTART_AFTER_MS,
  plane: 'control',
  inject: (fleet) => daemonsKilled(fleet.hosts),
};

export const daemonFrozen: Fault = {
  name: 'daemon frozen',
  holdMs: BEFORE_DEATH_MS,
  plane: 'control',
  inject: async (fleet) => daemonStopped(await aFollower(fleet)),
};

export const leaderFrozen: Fault = {
  name: 'leading daemon frozen',
  holdMs: BEFORE_DEATH_MS,
  plane: 'control',
  inject: async (fleet) => daemonStopped(await fleet.leader()),
};

/** It wakes up believing that it leads, is declared dead already, and what it ran runs elsewhere too. */
export const leaderFrozenUntilDead: Fault = {
  name: 'leading daemon frozen until declared dead',
  holdMs: BEYOND_DEATH_MS,
  plane: 'data',
  inject: async (fleet) => daemonStopped(await fleet.leader()),
};

export const hostKilled: Fault = {
  name: 'host killed',
  holdMs: BEYOND_DEATH_MS,
  plane: 'data',
  async inject(fleet) {
    const host = await aFollower(fleet);
    await host.killAll();
    return { affected: [host.name], undo: () => host.start() };
  },
};

/** A host with a replica of Target whose daemon does not lead. */
export async function aFollower(fleet: TestFleet): Promise<DaemonHost> {
  const leader = await fleet.leader();
  const replica = (await targets(fleet)).find(({ host }) => host !== leader.name);
  if (replica === undefined) throw new Error('every Target is on the host of the leader');
  return fleet.named(replica.host);
}

/** Until then the fleet looks as before. */
async function isNoticed(fleet: TestFleet, killed: number): Promise<void> {
  await eventually(
    `the end of process ${killed} is seen`,
    async () => (await fleet.replicas()).every(({ pid }) => pid !== killed) || undefined,
  );
}

async function aTarget(fleet: TestFleet): Promise<ReplicaStatus> {
  const [first] = await targets(fleet);
  if (first === undefined) throw new Error('there is no Target');
  return first;
}

async function targets(fleet: TestFleet): Promise<readonly ReplicaStatus[]> {
  return (await fleet.replicas()).filter(({ replica }) => replica.startsWith('Target'));
}

function pidOf({ replica, pid }: ReplicaStatus): number {
  if (pid === undefined) throw new Error(`${replica} has no process`);
  return pid;
}

async function daemonsKilled(hosts: readonly DaemonHost[]) {
  await Promise.all(hosts.map((host) => host.killDaemon()));
  const undo = async () => void (await Promise.all(hosts.map((host) => host.start())));
  return { affected: [], undo };
}

function daemonStopped(host: DaemonHost) {
  host.signal('SIGSTOP');
  return { affected: [], undo: () => host.signal('SIGCONT') };
}
