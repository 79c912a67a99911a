import { setTimeout } from 'node:timers/promises';
import { kill } from '../../cluster/support/test-network.js';
import type { OneHost } from '../one-host.js';
import type { Fault } from '../round.js';

const PAUSE_MS = 10_000;
const DAEMON_DOWN_MS = 2000;

export const ownerKilled: Fault<OneHost> = {
  name: 'owner killed',
  async inject(host, random) {
    kill(random.pick(await host.owners()), 'SIGKILL');
  },
};

/** It wakes up with what it believed 10 s ago. */
export const ownerPaused: Fault<OneHost> = {
  name: 'owner paused',
  async inject(host, random) {
    const pid = random.pick(await host.owners());
    kill(pid, 'SIGSTOP');
    await setTimeout(PAUSE_MS);
    kill(pid, 'SIGCONT');
  },
};

/** The new version takes over while the old one drains. */
export const redeployed: Fault<OneHost> = {
  name: 'redeployed',
  inject: (host) => host.deploy({ revision: host.revision + 1 }),
};

/** Kills an owner while another version is on its way. */
export const killedInRollout: Fault<OneHost> = {
  name: 'owner killed in a rollout',
  async inject(host, random) {
    const pid = random.pick(await host.owners());
    const deployed = host.deploy({ revision: host.revision + 1 });
    await setTimeout(random.between(0, 1500));
    kill(pid, 'SIGKILL');
    await deployed;
  },
};

export const daemonKilled: Fault<OneHost> = {
  name: 'daemon killed',
  async inject({ daemon }) {
    await daemon.kill('SIGKILL');
    await setTimeout(DAEMON_DOWN_MS);
    await daemon.restart();
  },
};

/** The owner ends while nobody can start another. */
export const ownerKilledWithoutDaemon: Fault<OneHost> = {
  name: 'owner killed while the daemon is down',
  async inject(host, random) {
    const pid = random.pick(await host.owners());
    await host.daemon.kill('SIGKILL');
    kill(pid, 'SIGKILL');
    await setTimeout(DAEMON_DOWN_MS);
    await host.daemon.restart();
  },
};

export const FILE_STORE_FAULTS: readonly Fault<OneHost>[] = [
  ownerKilled,
  ownerPaused,
  redeployed,
  killedInRollout,
  daemonKilled,
  ownerKilledWithoutDaemon,
];
