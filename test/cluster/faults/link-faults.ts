import type { DaemonHost } from '../support/daemon-host.js';
import type { TestFleet } from '../support/test-fleet.js';
import type { Direction } from '../support/test-network.js';
import { BEFORE_DEATH_MS, BEYOND_DEATH_MS, type Fault, type Injected } from './fault.js';
import { aFollower } from './process-faults.js';

const LOSS_MS = 15_000;

export const linkCutShortly: Fault = {
  name: 'link of a host cut shortly',
  holdMs: BEFORE_DEATH_MS,
  plane: 'data',
  inject: async (fleet) => cut(fleet, await aFollower(fleet)),
};

export const backAfterDeath: Fault = {
  name: 'host back after it was declared dead',
  holdMs: BEYOND_DEATH_MS,
  plane: 'data',
  inject: async (fleet) => cut(fleet, await aFollower(fleet)),
};

export const leaderIsolated: Fault = {
  name: 'leader isolated',
  holdMs: BEYOND_DEATH_MS,
  plane: 'data',
  inject: async (fleet) => cut(fleet, await fleet.leader()),
};

export const hearsNothing: Fault = {
  name: 'one-way drop: a host hears nothing',
  holdMs: BEYOND_DEATH_MS,
  plane: 'data',
  inject: async (fleet) => dropping(fleet, [await aFollower(fleet)], 'in'),
};

export const isNotHeard: Fault = {
  name: 'one-way drop: a host is not heard',
  holdMs: BEYOND_DEATH_MS,
  plane: 'data',
  inject: async (fleet) => dropping(fleet, [await aFollower(fleet)], 'out'),
};

/** Of what comes in, at every host and every NATS node. */
export const packetLoss: Fault = {
  name: '20 % packet loss everywhere',
  holdMs: LOSS_MS,
  plane: 'data',
  async inject({ network, hosts, nats }) {
    const all = [...hosts.map(({ name }) => name), ...nats.map(({ host }) => host)];
    for (const host of all) network.drop(host, 'in', 20);
    const undo = () => {
      for (const host of all) network.stopDropping(host);
    };
    return { affected: [], undo };
  },
};

function cut({ network }: TestFleet, { name }: DaemonHost): Injected {
  network.cut(name);
  return { affected: [name], undo: () => network.plug(name) };
}

function dropping({ network }: TestFleet, hosts: readonly DaemonHost[], direction: Direction): Injected {
  for (const { name } of hosts) network.drop(name, direction);
  const undo = () => {
    for (const { name } of hosts) network.stopDropping(name);
  };
  return { affected: hosts.map(({ name }) => name), undo };
}
