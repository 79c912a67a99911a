import { expect } from 'chai';
import { eventually } from '../../../test/support/eventually.js';
import { NatsCluster } from '../../../test/support/nats-cluster.js';
import { BusError, type Change, isTransient } from '../bus.js';
import { becomes, OpenedBuses } from './spec-support/opened-buses.js';

describe('nats bus: faults of a cluster of three', () => {
  let cluster: NatsCluster;
  let buses: OpenedBuses;

  before(async () => {
    cluster = await NatsCluster.start();
  });
  after(() => cluster.dispose());
  beforeEach(() => {
    buses = new OpenedBuses();
  });
  afterEach(() => buses.close());

  const streamOf = (bucket: string) => `KV_weaver_${buses.cluster}_${bucket}`;

  it('loses no acknowledged write when the server that leads the bucket is killed, and goes on', async () => {
    const bus = await buses.connected({ servers: cluster.urls, replicas: 3 });
    const store = bus.store('s');
    const told = new Map<string, unknown>();
    await store.put('k0', 0);
    await store.watch((change) => follow(told, change));
    const acknowledged = new Map<string, number>([['k0', 0]]);
    const errors: unknown[] = [];
    const leader = await cluster.leaderOf(streamOf('s'));
    await leader.kill();
    await eventually('writes go well again', async () => {
      const key = `k${acknowledged.size + errors.length}`;
      try {
        await store.put(key, 1);
        acknowledged.set(key, 1);
      } catch (reason) {
        errors.push(reason);
      }
      return acknowledged.size > 20 ? true : undefined;
    });
    for (const error of errors) expect(isTransient(error), String(error)).to.equal(true);
    await leader.start();
    await cluster.healthy();
    await becomes(bus, 'connected');
    const keys = new Set(await eventually('a snapshot', () => store.keys()));
    for (const key of acknowledged.keys()) expect(keys.has(key), key).to.equal(true);
    await eventually('the watch has caught up', () =>
      [...acknowledged.keys()].every((key) => told.has(key)) ? true : undefined,
    );
  });

  it('writes nothing on the side of a split that has no majority, and agrees when it is over', async () => {
    const bus = await buses.connected({ servers: cluster.urls, replicas: 3 });
    await bus.store('s').put('k', 'before');
    const leader = await cluster.leaderOf(streamOf('s'));
    const other = cluster.servers.find((server) => server !== leader);
    if (other === undefined) throw new Error('there are three servers');
    const minority = await buses.connected({ servers: [leader.url], replicas: 3 });
    const majority = await buses.connected({ servers: [other.url], replicas: 3 });
    const told = new Map<string, unknown>();
    await minority.store('s').watch((change) => follow(told, change));

    cluster.link(leader.name, 'cut');
    const revision = await eventually('the majority writes', () => majority.store('s').put('k', 'after'));
    const refused = await minority
      .store('s')
      .put('k', 'never')
      .catch((reason: unknown) => reason);
    expect(refused).to.be.instanceOf(BusError);
    expect(isTransient(refused)).to.equal(true);
    const stale = await minority
      .store('s')
      .get('k')
      .catch((reason: unknown) => reason);
    if (!(stale instanceof BusError)) expect(stale).to.have.property('value', 'before');
    await becomes(minority, 'degraded');

    cluster.link(leader.name, 'passing');
    await becomes(minority, 'connected');
    const settled = await eventually('both agree', async () => {
      const [here, there] = await Promise.all([minority, majority].map((each) => each.store('s').get('k')));
      return here !== undefined && here.revision === there?.revision ? here : undefined;
    });
    expect(settled.revision).to.be.at.least(revision);
    await eventually('the watch too', () => (told.get('k') === settled.value ? true : undefined));
  });
});

function follow(told: Map<string, unknown>, change: Change): void {
  if (change.kind === 'snapshot') {
    told.clear();
    for (const { key, value } of change.entries) told.set(key, value);
  } else if (change.kind === 'put') told.set(change.key, change.value);
  else told.delete(change.key);
}
