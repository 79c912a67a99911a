import { expect } from 'chai';
import { NO_OWNER, type SliceAssignment } from '../protocol/control.js';
import type { ClientConnection } from '../transport/transport.js';
import { PeerPool } from './peer-pool.js';
import { ReplicaSet } from './replica-set.js';

const NAMES = ['r0', 'r1', 'r2', 'r3'];
const HOT = 1000;
/** One key of three owners in the slice of another. */
const SHARED: SliceAssignment = {
  starts: [0, HOT, HOT + 1],
  owners: [0, 1, 0],
  others: [[], [2, 3], []],
};

interface FakeConnection {
  load: number;
  silent: boolean;
}

/** Connected with replicas whose load and silence the test sets. */
async function connected(assignment: SliceAssignment) {
  const connections = new Map<string, FakeConnection>();
  const pool = new PeerPool(
    async ({ replica }) => {
      const connection = {
        state: 'open',
        load: 0,
        silent: false,
        onStateChange: () => {},
        drain: async () => {},
      };
      connections.set(replica, connection);
      return connection as unknown as ClientConnection;
    },
    0,
    Math.random,
    () => 0,
  );
  const replicas = NAMES.map((replica) => ({
    replica,
    generation: 1,
    group: 'g',
    address: { kind: 'unix' as const, path: `/${replica}` },
  }));
  for (const replica of replicas) await pool.acquire(replica).connect();
  const set = new ReplicaSet('Cart', pool);
  const update = (epoch: number, given: SliceAssignment) =>
    set.update({ component: 'Cart', epoch, replicas, assignment: given });
  update(1, assignment);
  const of = (name: string) => {
    const connection = connections.get(name);
    if (connection === undefined) throw new Error(`no connection to ${name}`);
    return connection;
  };
  const chosen = (hash: number) =>
    new Set(Array.from({ length: 300 }, () => set.choose(hash)?.peer.routed.replica));
  return { set, update, of, chosen };
}

describe('ReplicaSet, of keys with several owners', () => {
  it('chooses among the owners of a hot key, and the one owner of any other', async () => {
    const { chosen } = await connected(SHARED);
    expect(chosen(HOT)).to.deep.equal(new Set(['r1', 'r2', 'r3']));
    for (const hash of [0, HOT - 1, HOT + 1, 2 ** 32 - 1])
      expect(chosen(hash)).to.deep.equal(new Set(['r0']));
  });

  it('spares the owner with the most calls in flight, and the one that is silent', async () => {
    const { of, chosen } = await connected(SHARED);
    of('r2').load = 9;
    expect(chosen(HOT)).to.deep.equal(new Set(['r1', 'r3']));
    of('r1').silent = true;
    of('r3').silent = true;
    expect(chosen(HOT)).to.deep.equal(new Set(['r2']));
    of('r2').silent = true;
    expect(chosen(HOT), 'any other when no owner is in reach').to.deep.equal(new Set(['r0']));
  });

  it('goes to one owner again when newer routing says so', async () => {
    const { update, chosen } = await connected(SHARED);
    update(2, { starts: SHARED.starts, owners: SHARED.owners });
    expect(chosen(HOT)).to.deep.equal(new Set(['r1']));
  });
});

describe('ReplicaSet, of keys with one owner each', () => {
  const OWNED = { starts: [0, HOT], owners: [0, NO_OWNER], epochs: [3, 4] };

  it('chooses the owner and nobody else, silent or not, and nobody while there is none', async () => {
    const { of, chosen } = await connected(OWNED);
    of('r0').silent = true;
    expect(chosen(HOT - 1)).to.deep.equal(new Set(['r0']));
    expect(chosen(HOT)).to.deep.equal(new Set([undefined]));
  });

  it('knows another replica for a key only once it has another owner', async () => {
    const { set, update } = await connected(OWNED);
    const owner = set.choose(0);
    if (owner === undefined) throw new Error('r0 owns it');
    expect(set.hasOther(owner, 0)).to.equal(false);
    expect(set.hasOther(owner, undefined)).to.equal(true);
    update(2, { ...OWNED, owners: [NO_OWNER, 1] });
    expect(set.hasOther(owner, 0)).to.equal(false);
    update(3, { ...OWNED, owners: [2, 1] });
    expect(set.hasOther(owner, 0)).to.equal(true);
  });

  it('tells a replica itself which of its calls stay with it', async () => {
    const { set, update, of } = await connected({ starts: [0, HOT], owners: [0, 1] });
    const serves = (hash: number) =>
      [0, 1, 2].map((index) => set.serves({ replica: `r${index}`, generation: 1 }, hash));
    expect(serves(0)).to.deep.equal([true, false, false]);
    expect(serves(HOT)).to.deep.equal([false, true, false]);
    of('r1').silent = true;
    expect(serves(HOT)).to.deep.equal([true, true, true]);
    of('r1').silent = false;
    update(2, SHARED);
    expect(serves(HOT).slice(1)).to.deep.equal([true, true]);
  });
});
