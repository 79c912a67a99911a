import { eventually } from '../../support/eventually.js';
import type { NatsNode } from '../support/nats-node.js';
import type { Fault, Injected } from './fault.js';

const DOWN_MS = 6000;

export const natsNodeKilled: Fault = {
  name: 'NATS node killed',
  holdMs: DOWN_MS,
  plane: 'control',
  async inject(fleet) {
    const leader = await fleet.natsLeader();
    return killed(fleet.nats.filter((node) => node !== leader).slice(0, 1));
  },
};

export const natsNodeFrozen: Fault = {
  name: 'NATS node frozen',
  holdMs: DOWN_MS,
  plane: 'control',
  async inject(fleet) {
    const leader = await fleet.natsLeader();
    return frozen(fleet.nats.filter((node) => node !== leader).slice(0, 1));
  },
};

export const natsLeaderKilled: Fault = {
  name: 'NATS leader killed',
  holdMs: DOWN_MS,
  plane: 'control',
  inject: async (fleet) => killed([await fleet.natsLeader()]),
};

export const natsLeaderFrozen: Fault = {
  name: 'NATS leader frozen',
  holdMs: DOWN_MS,
  plane: 'control',
  inject: async (fleet) => frozen([await fleet.natsLeader()]),
};

export const allNatsKilled: Fault = {
  name: 'all of NATS killed',
  holdMs: DOWN_MS,
  plane: 'control',
  inject: (fleet) => killed(fleet.nats),
};

export const allNatsFrozen: Fault = {
  name: 'all of NATS frozen',
  holdMs: DOWN_MS,
  plane: 'control',
  inject: async (fleet) => frozen(fleet.nats),
};

export const natsRebuiltEmpty: Fault = {
  name: 'NATS rebuilt empty',
  holdMs: DOWN_MS,
  plane: 'control',
  async inject(fleet) {
    const from = Date.now();
    const { undo } = await killed(fleet.nats);
    await Promise.all(fleet.nats.map((node) => node.wipe()));
    const isRestored = async () =>
      (await fleet.events(from)).some(({ kind }) => kind === 'restored') || undefined;
    return {
      affected: [],
      undo: async () => {
        await undo();
        await eventually('what was lost is restored from what the hosts remember', isRestored);
      },
    };
  },
};

async function killed(nodes: readonly NatsNode[]): Promise<Injected> {
  await Promise.all(nodes.map((node) => node.kill()));
  const undo = async () => {
    for (const node of nodes) node.start();
    await Promise.all(nodes.map((node) => node.healthy()));
  };
  return { affected: [], undo };
}

function frozen(nodes: readonly NatsNode[]): Injected {
  for (const node of nodes) node.freeze();
  const undo = () => {
    for (const node of nodes) node.thaw();
  };
  return { affected: [], undo };
}
