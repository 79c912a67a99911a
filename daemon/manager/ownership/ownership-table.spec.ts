import { expect } from 'chai';
import { BusError, type Entry, type KeyedStore } from '../../bus/bus.js';
import { type Epoch, epochOf } from '../../leader/epoch.js';
import type { Leadership } from '../../leader/leadership.js';
import type { HostedReplica } from '../hosted-replica.js';
import { fakeReplica } from '../spec-support/fake-replica-host.js';
import { sampleDeployment } from '../spec-support/sample-app.js';
import { type AppView, OwnershipTable } from './ownership-table.js';

/** One bucket; its next write can fail, with or without being done. */
class Bucket implements Pick<KeyedStore, 'get' | 'keys' | 'create' | 'update' | 'delete'> {
  readonly entries = new Map<string, Entry>();
  next: 'write' | 'refuse' | 'write-and-say-unknown' = 'write';
  writes = 0;
  #revision = 0;

  async get(key: string): Promise<Entry | undefined> {
    return this.entries.get(key);
  }

  async keys(): Promise<readonly string[]> {
    return [...this.entries.keys()];
  }

  create(key: string, value: unknown): Promise<number> {
    return this.update(key, value, 0);
  }

  async update(key: string, value: unknown, revision: number): Promise<number> {
    const how = this.next;
    this.next = 'write';
    if (how === 'refuse') throw new BusError('STORAGE_FULL', 'planted');
    if ((this.entries.get(key)?.revision ?? 0) !== revision) throw new BusError('CONFLICT', 'planted');
    this.writes++;
    this.#revision++;
    this.entries.set(key, { key, value: structuredClone(value), revision: this.#revision });
    if (how === 'write-and-say-unknown') throw new BusError('OUTCOME_UNKNOWN', 'planted');
    return this.#revision;
  }

  async delete(key: string): Promise<void> {
    this.entries.delete(key);
  }
}

function leadershipOf(incarnation: number, leader = `leader ${incarnation}`): Leadership {
  let counter = 0;
  return {
    incarnation,
    leader,
    isValid: () => true,
    nextEpoch: () => epochOf(incarnation, ++counter),
    newestEpoch: () => epochOf(incarnation, counter),
  };
}

describe('the table of who has which keys', () => {
  const plain = sampleDeployment('v1', { components: { Cart: { replicas: 2 } } });
  const deployment = {
    ...plain,
    description: {
      ...plain.description,
      components: plain.description.components.map((each) =>
        each.name === 'Cart' ? { ...each, exclusive: true } : each,
      ),
    },
  };
  const record = {
    app: 'shop',
    state: 'running' as const,
    current: deployment,
    serving: 'v1',
    older: [],
  };
  const cart = (index: number, generation = 1): HostedReplica => ({
    ...fakeReplica('shop', 'v1', 'Cart', `Cart-${index}`, 'serving'),
    generation,
  });
  let bucket: Bucket;
  let sequence: number;
  let raised: (string | undefined)[];
  const store = () => bucket as unknown as KeyedStore;
  const open = (leadership: Leadership) =>
    OwnershipTable.open(store(), leadership, (_epoch, leader) => raised.push(leader));
  const view = (observed: readonly HostedReplica[], change: Partial<AppView> = {}): AppView => ({
    record,
    observed,
    leaving: new Set(),
    reports: new Map([['h1', { facts: { generation: 1 }, sequence: ++sequence, replicas: observed }]]),
    now: 0,
    hasLapsed: () => false,
    isHeard: () => true,
    heardOf: new Map(),
    ...change,
  });
  const shown = (table: OwnershipTable) =>
    table
      .grantsOf('shop', 'v1', 'Cart')
      ?.grants.map(({ holder, takenAt }) =>
        takenAt === undefined ? (holder?.replica ?? '-') : `${holder?.replica}, taken`,
      );
  const epochs = (table: OwnershipTable) =>
    table.grantsOf('shop', 'v1', 'Cart')?.grants.map(({ epoch }) => epoch);
  beforeEach(() => {
    bucket = new Bucket();
    sequence = 0;
    raised = [];
  });

  it('tells nothing that is not in the store', async () => {
    const table = await open(leadershipOf(1));
    bucket.next = 'refuse';
    expect(await table.advance(view([cart(0)]), false)).to.include({ code: 'STORAGE_FULL' });
    expect(shown(table)).to.equal(undefined);
    expect(await table.advance(view([cart(0)]), false)).to.equal(undefined);
    expect(shown(table)).to.deep.equal(['Cart-0']);
    bucket.next = 'refuse';
    const crashed = [cart(0, 2)];
    expect(await table.advance(view(crashed), false)).to.include({ code: 'STORAGE_FULL' });
    expect(table.tenants().map(({ holder }) => holder.generation)).to.deep.equal([1]);
    await table.advance(view(crashed), false);
    expect(table.tenants().map(({ holder }) => holder.generation)).to.deep.equal([2]);
  });

  it('goes on from what the leader before has decided, with nothing given anew', async () => {
    const first = await open(leadershipOf(1));
    await first.advance(view([cart(0), cart(1)]), false);
    const second = await open(leadershipOf(2));
    expect(shown(second)).to.equal(undefined);
    await second.advance(view([cart(0), cart(1)]), true);
    expect(shown(second)).to.deep.equal(['Cart-0', 'Cart-1']);
    expect(epochs(second)).to.deep.equal(epochs(first));
    const { writes } = bucket;
    await second.advance(view([cart(0), cart(1)]), true);
    expect(bucket.writes).to.equal(writes);
  });

  it('lets no former leader write once the next has, and hears of that one', async () => {
    const first = await open(leadershipOf(1));
    await first.advance(view([cart(0), cart(1)]), false);
    const second = await open(leadershipOf(2));
    await second.advance(view([cart(0), cart(1)]), true);
    const crashed = [cart(0, 2), cart(1)];
    expect(await first.advance(view(crashed), false)).to.include({ code: 'CONFLICT' });
    expect(await first.advance(view(crashed), false))
      .to.be.an('error')
      .with.property('name', 'NotLeadingError');
    expect(shown(first)).to.equal(undefined);
    expect(raised).to.deep.equal(['leader 2']);
  });

  it('finds its own write again whose outcome was unknown', async () => {
    const table = await open(leadershipOf(1));
    bucket.next = 'write-and-say-unknown';
    expect(await table.advance(view([cart(0)]), false)).to.include({ code: 'OUTCOME_UNKNOWN' });
    await table.advance(view([cart(0)]), false);
    expect(shown(table)).to.deep.equal(['Cart-0']);
    expect(bucket.writes).to.equal(1);
  });

  it('writes anew what the store has lost', async () => {
    const table = await open(leadershipOf(1));
    await table.advance(view([cart(0)]), false);
    bucket.entries.clear();
    table.suspect();
    await table.advance(view([cart(0)]), false);
    expect(bucket.entries.size).to.equal(1);
    expect(shown(table)).to.deep.equal(['Cart-0']);
  });

  it('takes all back when hosts have heard of newer decisions than the store has, and gives them when leases are over', async () => {
    const first = await open(leadershipOf(1));
    await first.advance(view([cart(0), cart(1)]), false);
    const heardOf = new Map<string, number>([['Cart', epochOf(1, 1000) satisfies Epoch]]);
    const second = await open(leadershipOf(2));
    const before = epochs(first)?.[0] ?? 0;
    await second.advance(view([cart(0), cart(1)], { heardOf }), true);
    expect(shown(second)).to.deep.equal(['Cart-0, taken', 'Cart-1, taken']);
    const takenAt = second.grantsOf('shop', 'v1', 'Cart')?.newerThan ?? 0;
    const settled = [cart(0), cart(1)].map((each) => ({
      ...each,
      settled: [{ component: 'Cart', epoch: takenAt + 1 }],
    }));
    await second.advance(view(settled, { heardOf }), true);
    expect(shown(second)).to.deep.equal(['-']);
    const third = await open(leadershipOf(3));
    await third.advance(view(settled), true);
    expect(shown(third), 'the next leader knows no more').to.deep.equal(['-']);
    bucket.entries.clear();
    second.suspect();
    await second.advance(view(settled, { heardOf }), false);
    expect(shown(second)).to.deep.equal(['Cart-0', 'Cart-1']);
    for (const epoch of epochs(second) ?? []) expect(epoch).to.be.greaterThan(before);
  });

  it('gives nothing of those who have ended either, when hosts have heard of newer decisions', async () => {
    const first = await open(leadershipOf(1));
    await first.advance(view([cart(0), cart(1)]), false);
    const heardOf = new Map<string, number>([['Cart', epochOf(1, 1000) satisfies Epoch]]);
    const second = await open(leadershipOf(2));
    await second.advance(view([cart(0, 2), cart(1, 2)], { heardOf }), true);
    expect(shown(second)).to.deep.equal(['-']);
  });

  it('gives nobody anything that it knows nothing of while leases of others may run', async () => {
    const table = await open(leadershipOf(2));
    await table.advance(view([cart(0)]), true);
    expect(shown(table)).to.deep.equal(['-']);
    await table.advance(view([cart(0)]), false);
    expect(shown(table)).to.deep.equal(['Cart-0']);
  });

  it('says in the store that it knows nothing, so that the next leader waits for leases, too', async () => {
    const first = await open(leadershipOf(2));
    await first.advance(view([cart(0)]), true);
    const second = await open(leadershipOf(3));
    await second.advance(view([cart(0)]), true);
    expect(shown(second)).to.deep.equal(['-']);
    await second.advance(view([cart(0)]), false);
    expect(shown(second)).to.deep.equal(['Cart-0']);
    const third = await open(leadershipOf(4));
    await third.advance(view([cart(0)]), true);
    expect(shown(third)).to.deep.equal(['Cart-0']);
  });

  it('remembers who lost keys without a word, until it has heard of it', async () => {
    const table = await open(leadershipOf(1));
    await table.advance(view([cart(0), cart(1)]), false);
    const silent = fakeReplica('shop', 'v1', 'Cart', 'Cart-1', 'serving');
    const holder = { ...silent, host: 'h1' };
    const only = view([cart(0)], { hasLapsed: ({ replica }) => replica === 'Cart-1' });
    await table.advance(
      {
        ...only,
        reports: new Map([
          ['h1', { facts: { generation: 1 }, sequence: ++sequence, replicas: [cart(0), silent] }],
        ]),
      },
      false,
    );
    expect(shown(table)).to.deep.equal(['Cart-0']);
    const at = table.expelledAt('shop', 'Cart', holder);
    expect(at).to.be.greaterThan(0);
    expect(table.grantsOf('shop', 'v1', 'Cart')?.newerThan).to.equal(at);
    await table.advance(
      view([cart(0), { ...cart(1), settled: [{ component: 'Cart', epoch: at + 1 }] }]),
      false,
    );
    expect(table.expelledAt('shop', 'Cart', holder)).to.equal(0);
  });

  it('forgets what is of no app any more', async () => {
    const table = await open(leadershipOf(1));
    await table.advance(view([cart(0)]), false);
    await table.retain([]);
    expect(bucket.entries.size).to.equal(0);
    expect(table.tenants()).to.deep.equal([]);
  });
});
