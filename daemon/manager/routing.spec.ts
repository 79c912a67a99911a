import { expect } from 'chai';
import type { KeyLoad } from '../../sdk/protocol/control.js';
import type { HostedReplica } from './hosted-replica.js';
import { balanceDueAt, NO_ROUTING, routeVersion, type VersionRouting } from './routing.js';
import { fakeReplica } from './spec-support/fake-replica-host.js';
import { sampleDeployment } from './spec-support/sample-app.js';

describe('routing', () => {
  const deployment = sampleDeployment('v1', { components: { Cart: { replicas: 2 } } });
  const nobody = new Set<string>();
  let newest: number;
  let now: number;
  const nextEpoch = () => ++newest;
  beforeEach(() => {
    newest = 10;
    now = 0;
  });

  const cart = (index: number, state: HostedReplica['state'], version = 'v1') =>
    fakeReplica('shop', version, 'Cart', `Cart-${index}`, state);
  const route = (observed: readonly HostedReplica[], previous = NO_ROUTING, leaving = nobody) =>
    routeVersion(deployment, observed, leaving, previous, nextEpoch, now);
  const replicasOf = (routing: VersionRouting, component = 'Cart') =>
    routing.components.get(component)?.replicas.map(({ replica }) => replica);

  it('names the replicas that serve, of that version, with slices for routed components', () => {
    const routing = route([
      cart(1, 'serving'),
      cart(0, 'serving'),
      cart(2, 'starting'),
      cart(3, 'serving', 'v2'),
    ]);
    expect(replicasOf(routing)).to.deep.equal(['Cart-0', 'Cart-1']);
    expect(routing.components.get('Cart')?.assignment).to.deep.equal({
      starts: [0, 2 ** 31],
      owners: [0, 1],
    });
    expect(replicasOf(routing, 'Catalog')).to.deep.equal([]);
    expect(routing.components.get('Catalog')?.assignment).to.equal(undefined);
  });

  it('gives a component a higher epoch when it changes, and only then', () => {
    const first = route([cart(0, 'serving')]);
    expect(route([cart(0, 'serving')], first)).to.equal(first);
    const second = route([cart(0, 'serving'), cart(1, 'serving')], first);
    expect(second.epoch).to.be.greaterThan(first.epoch);
    expect(second.components.get('Cart')?.epoch).to.equal(second.epoch);
    expect(second.components.get('Catalog')).to.equal(first.components.get('Catalog'));
    const restarted = { ...cart(0, 'serving'), generation: 2 };
    expect(route([restarted, cart(1, 'serving')], second).epoch).to.be.greaterThan(second.epoch);
  });

  it('leaves a component alone while a replica of it is being adopted', () => {
    const routing = route([cart(0, 'adopting'), cart(1, 'serving')]);
    expect(routing.components.has('Cart')).to.equal(false);
    expect(replicasOf(routing, 'Catalog')).to.deep.equal([]);
    const adopted = route([cart(0, 'serving'), cart(1, 'serving')], routing);
    expect(replicasOf(adopted)).to.deep.equal(['Cart-0', 'Cart-1']);
    expect(replicasOf(route([cart(0, 'adopting'), cart(1, 'waiting')], adopted))).to.deep.equal([
      'Cart-0',
      'Cart-1',
    ]);
  });

  it('leaves out who is to go, and keeps the draining when nobody else is left', () => {
    expect(
      replicasOf(route([cart(0, 'serving'), cart(1, 'serving')], NO_ROUTING, new Set(['shop/v1/Cart-1']))),
    ).to.deep.equal(['Cart-0']);
    expect(replicasOf(route([cart(0, 'draining'), cart(1, 'serving')]))).to.deep.equal(['Cart-1']);
    expect(replicasOf(route([cart(0, 'draining')]))).to.deep.equal(['Cart-0']);
  });

  it('gives keys back to the replica that returns when nobody else came meanwhile', () => {
    const both = route([cart(0, 'serving'), cart(1, 'serving')]);
    const none = route([cart(0, 'waiting'), cart(1, 'waiting')], both);
    expect(none.components.get('Cart')?.assignment).to.equal(undefined);
    const again = route([cart(0, 'serving'), cart(1, 'serving')], none);
    expect(again.components.get('Cart')?.assignment).to.deep.equal(both.components.get('Cart')?.assignment);
  });

  it('moves slices by the load that is reported, once in the interval', () => {
    const loaded = (index: number, heavy: boolean): HostedReplica => ({
      ...cart(index, 'serving'),
      load: { ...NO_LOAD, keys: [keyLoad(index, heavy ? 800 : 100)] },
    });
    const even = [loaded(0, false), loaded(1, false)];
    const skewed = [loaded(0, true), loaded(1, false)];
    const first = route(even);
    expect(first.balancedAt.get('Cart')).to.equal(0);
    now = 9_999;
    expect(route(skewed, first), 'not yet').to.equal(first);
    now = 10_000;
    const moved = route(skewed, first);
    expect(moved.components.get('Cart')?.epoch).to.be.greaterThan(first.epoch);
    const { starts, owners } = moved.components.get('Cart')?.assignment ?? { starts: [], owners: [] };
    expect(starts[0]).to.equal(0);
    expect(starts.length).to.be.greaterThan(2);
    for (const [index, owner] of owners.entries()) expect(owner).to.not.equal(owners[index - 1]);
    expect(balanceDueAt(deployment, moved)).to.equal(20_000);
    expect(balanceDueAt(deployment, route([cart(0, 'serving'), cart(1, 'serving')]))).to.equal(undefined);
  });

  it('gives a key that is too hot for one replica several owners, and tells callers of them', () => {
    const hash = 1000;
    const withHotKey = (index: number, load: number): HostedReplica => {
      const keys = { ...keyLoad(index, 100), hotKeys: [{ hash, load }] };
      return { ...cart(index, 'serving'), load: { ...NO_LOAD, keys: [keys] } };
    };
    const first = route([cart(0, 'serving'), cart(1, 'serving')]);
    now = 10_000;
    const { assignment } = route([withHotKey(0, 800), withHotKey(1, 0)], first).components.get('Cart') ?? {};
    const slice = assignment?.starts.indexOf(hash) ?? -1;
    expect(assignment?.starts[slice + 1]).to.equal(hash + 1);
    expect([assignment?.owners[slice], assignment?.others?.[slice]]).to.deep.equal([0, [1]]);
    expect(assignment?.others).to.have.length(assignment?.starts.length ?? 0);
    expect(assignment?.others?.flat()).to.deep.equal([1]);
  });
});

const NO_LOAD = {
  intervalMs: 1000,
  cpuMs: 0,
  rssBytes: 0,
  eventLoopUtilization: 0,
  methods: [],
  handshakesRefused: {},
};

/** Over the half of the space that is its own at first. */
function keyLoad(index: number, load: number): KeyLoad {
  const buckets = Array.from({ length: 32 }, (_, bucket) => index * 32 + bucket);
  return { component: 'Cart', bits: 6, buckets, loads: buckets.map(() => load / 32), hotKeys: [] };
}
