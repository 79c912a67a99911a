import { expect } from 'chai';
import fc from 'fast-check';
import type { ObservedReplica } from '../envelope/replica-host.js';
import type { PlacementHost } from '../placement/placement-host.js';
import { type AppRecord, deployed, forgotten, shifted } from './app-record.js';
import { isUp } from './fleet-view.js';
import type { ObservedHost } from './observed-host.js';
import { type Plan, plan } from './plan.js';
import { BLANK_MEMORY, type PlanMemory } from './plan-memory.js';
import { formatReplica } from './replica-key.js';
import { SETTLE_MS } from './retirement.js';
import { COOL_DOWN_MS } from './scale.js';
import { FakeReplicaHost, fakeReplica } from './spec-support/fake-replica-host.js';
import { sampleDeployment } from './spec-support/sample-app.js';

type Facts = Partial<Omit<PlacementHost, 'host'>> & { readonly reported?: boolean };

const ROOM = { cpus: 8, memoryBytes: 2 ** 33, maxReplicas: 20 };

/** Hosts that die, return, drain and are partitioned, planned for by leaders that may forget. */
class Fleet {
  readonly hosts = new Map<string, FakeReplicaHost>();
  readonly facts = new Map<string, Facts>();
  record: AppRecord;
  memory: PlanMemory = BLANK_MEMORY;
  now = 1_000_000;
  /** Hosts that are cut off: nothing reaches them. */
  readonly cut = new Set<string>();
  loads: ObservedReplica['load'];

  constructor(manifest: object, names: readonly string[], facts: (name: string) => Facts = () => ({})) {
    const record = deployed(undefined, sampleDeployment('v1', manifest));
    if (record === undefined) throw new Error('a first deployment is a change');
    this.record = record;
    for (const name of names) this.add(name, facts(name));
  }

  add(name: string, facts: Facts = {}): void {
    this.hosts.set(name, new FakeReplicaHost());
    this.facts.set(name, facts);
  }

  observe(): readonly ObservedHost[] {
    return [...this.hosts].map(([host, replicas]) => ({
      host,
      status: 'alive',
      draining: false,
      labels: {},
      zone: undefined,
      capacity: ROOM,
      reported: true,
      replicas: replicas.observed().map((replica) => ({
        ...replica,
        host,
        ...(replica.state === 'serving' ? { load: this.loads } : {}),
      })),
      routesApplied: true,
      answering: new Set<string>(),
      ...this.facts.get(host),
    }));
  }

  step(elapsedMs = 100): Plan {
    const planned = plan([this.record], this.observe(), this.now, this.memory);
    this.memory = planned.memory;
    for (const [host, placements] of planned.placements)
      if (!this.cut.has(host)) this.hosts.get(host)?.setDesired(placements);
    for (const { shiftTo, gone } of planned.apps) {
      if (shiftTo !== undefined) this.record = shifted(this.record, shiftTo);
      this.record = forgotten(this.record, gone);
    }
    for (const host of this.hosts.values()) host.advance();
    this.now += elapsedMs;
    return planned;
  }

  settle(steps = 60): Plan {
    for (let step = 1; step < steps; step++) this.step();
    return this.step();
  }

  /** By replica, the hosts that have it live or done. */
  where(): Record<string, readonly string[]> {
    const found: Record<string, string[]> = {};
    for (const { host, status, replicas } of this.observe())
      if (status === 'alive' || status === 'suspect')
        for (const replica of replicas) found[replica.replica] = [...(found[replica.replica] ?? []), host];
    return found;
  }
}

const CARTS = { components: { Cart: { replicas: 6 } } };

describe('plan over many hosts', () => {
  it('spreads a group over zones, and then changes nothing', () => {
    const fleet = new Fleet(CARTS, ['a1', 'a2', 'b1', 'b2', 'c1', 'c2'], (name) => ({ zone: name[0] ?? '' }));
    fleet.settle();
    const carts = Object.entries(fleet.where()).flatMap(([replica, hosts]) =>
      replica.startsWith('Cart-') ? hosts : [],
    );
    expect(carts.sort()).to.deep.equal(['a1', 'a2', 'b1', 'b2', 'c1', 'c2']);
    const before = fleet.where();
    const { wakeAt, memory } = fleet.settle(3);
    expect(fleet.where()).to.deep.equal(before);
    expect(wakeAt).to.equal(undefined);
    expect(memory.moving.size + memory.leavingSince.size).to.equal(0);
  });

  it('moves nothing when a host comes', () => {
    const fleet = new Fleet(CARTS, ['h1', 'h2']);
    fleet.settle();
    const before = fleet.where();
    fleet.add('h3');
    fleet.settle();
    expect(fleet.where()).to.deep.equal(before);
  });

  it('keeps a suspect host’s replicas, in routing too, and re-places them at once when it is dead', () => {
    const fleet = new Fleet(CARTS, ['h1', 'h2', 'h3']);
    fleet.settle();
    const before = fleet.where();
    fleet.cut.add('h1');
    fleet.facts.set('h1', { status: 'suspect' });
    const suspected = fleet.settle(10);
    expect(fleet.where()).to.deep.equal(before);
    expect(suspected.apps[0]?.observed).to.have.length(Object.keys(before).length);
    fleet.facts.set('h1', { status: 'dead' });
    const dead = fleet.step();
    expect(dead.placements.has('h1')).to.equal(false);
    const lost = Object.keys(before).filter((replica) => before[replica]?.includes('h1'));
    const observed = dead.apps[0]?.observed.map(({ replica }) => replica);
    for (const replica of lost) expect(observed).to.not.include(replica);
    const placed = [...dead.placements.values()].flat().map(({ replica }) => replica);
    expect(placed.sort()).to.deep.equal(Object.keys(before).sort());
    fleet.settle();
    for (const [replica, hosts] of Object.entries(before))
      if (!hosts.includes('h1')) expect(fleet.where()[replica]).to.deep.equal(hosts);
  });

  it('keeps one of each when a host comes back whose replicas run elsewhere by now', () => {
    const fleet = new Fleet(CARTS, ['h1', 'h2', 'h3']);
    fleet.settle();
    fleet.cut.add('h1');
    fleet.facts.set('h1', { status: 'dead' });
    fleet.settle();
    const before = fleet.where();
    const routed = fleet.step().apps[0]?.observed;
    fleet.cut.delete('h1');
    fleet.facts.set('h1', { status: 'alive' });
    const back = fleet.step();
    expect(Object.values(fleet.where()).some((hosts) => hosts.length > 1)).to.equal(true);
    expect(back.apps[0]?.observed, 'routing stays as it is').to.deep.equal(routed);
    const placedThere = back.placements.get('h1');
    expect(placedThere, 'it settles first').to.not.be.empty;
    fleet.now += SETTLE_MS;
    expect(fleet.step().placements.get('h1')).to.deep.equal([]);
    fleet.settle();
    expect(fleet.where()).to.deep.equal(before);
  });

  it('takes back what a returning host still serves when its successor does not serve yet', () => {
    const fleet = new Fleet({ components: { Cart: { replicas: 2 } } }, ['h1', 'h2']);
    fleet.settle();
    const [replica = ''] =
      Object.entries(fleet.where()).find(([name, on]) => name !== 'main-0' && on[0] === 'h1') ?? [];
    fleet.cut.add('h1');
    fleet.facts.set('h1', { status: 'dead' });
    fleet.step();
    expect(fleet.memory.places.get(`shop/v1/${replica.slice(0, -2)}`)?.[Number(replica.at(-1))]).to.equal(
      'h2',
    );
    fleet.cut.delete('h1');
    fleet.facts.set('h1', { status: 'alive' });
    fleet.settle();
    expect(fleet.where()[replica]).to.deep.equal(['h1']);
  });

  it('starts elsewhere what a draining host has, and drains it there only then', () => {
    const fleet = new Fleet(CARTS, ['h1', 'h2', 'h3']);
    fleet.settle();
    const moved = Object.entries(fleet.where()).flatMap(([name, on]) =>
      on[0] === 'h1' && name !== 'main-0' ? [name] : [],
    );
    expect(moved).to.not.be.empty;
    fleet.facts.set('h1', { draining: true });
    for (let step = 0; step < 60; step++) {
      const { apps } = fleet.step();
      const up = apps[0]?.observed.filter(isUp).map(({ replica }) => replica);
      expect(up, `step ${step}`).to.include.members(moved);
    }
    for (const replica of moved) expect(fleet.where()[replica]).to.have.length(1).and.not.include('h1');
    expect(fleet.memory.moving.size).to.equal(0);
  });

  it('does not run main again because its host drains', () => {
    const fleet = new Fleet({}, ['h1', 'h2']);
    fleet.settle();
    const [host = ''] = fleet.where()['main-0'] ?? [];
    fleet.facts.set(host, { draining: true });
    fleet.settle();
    expect(fleet.where()['main-0']).to.deep.equal([host]);
  });

  it('names what it has no room for, and the rest goes on', () => {
    const fleet = new Fleet(
      {
        components: {
          Cart: { replicas: 30 },
          Catalog: { placement: { labels: { gpu: true } } },
          CartCache: { resources: { memory: '16GiB' } },
        },
      },
      ['h1'],
    );
    const { apps } = fleet.settle();
    const unplaced = apps[0]?.unplaced ?? [];
    const why = (group: string) => unplaced.find((each) => each.group === group)?.reason;
    expect(why('Catalog')).to.equal('needs label gpu=true: no host has it');
    expect(why('CartCache')).to.contain('needs 16384 MiB of memory: no host has more than 8192 MiB');
    expect(why('Cart')).to.equal('the one host that fits, h1, is full: 20 of 20 replicas');
    expect(fleet.where()).to.have.any.keys('Frontend-0', 'Recommendations-0');
    const running = Object.keys(fleet.where()).filter((name) => name !== 'main-0'); // which is done
    expect(running).to.have.length(20);
    expect(fleet.record.serving).to.equal(undefined);
    fleet.add('h2', { labels: { gpu: 'true' }, capacity: { ...ROOM, memoryBytes: 2 ** 35 } });
    fleet.settle();
    expect(fleet.record.serving).to.equal('v1');
  });

  it('waits for a host that is alive and has not said what it runs', () => {
    const fleet = new Fleet(CARTS, ['h1', 'h2']);
    fleet.settle();
    const before = fleet.where();
    fleet.memory = BLANK_MEMORY; // another leads
    fleet.facts.set('h2', { reported: false });
    const hidden = fleet.hosts.get('h2');
    fleet.hosts.set('h2', new FakeReplicaHost());
    const blind = fleet.step();
    expect(blind.placements.has('h2')).to.equal(false);
    expect(blind.apps[0]?.unplaced[0]?.reason).to.equal('waits until h2 has reported what it runs');
    if (hidden !== undefined) fleet.hosts.set('h2', hidden);
    fleet.facts.set('h2', {});
    fleet.settle();
    expect(fleet.where()).to.deep.equal(before);
  });

  it('scales with the load, and drains what is too many', () => {
    const load = { intervalMs: 1000, cpuMs: 0, rssBytes: 0, methods: [], handshakesRefused: {} };
    const fleet = new Fleet({ components: { Cart: { replicas: { min: 2, max: 5 } } } }, ['h1', 'h2']);
    const carts = () => Object.keys(fleet.where()).filter((name) => name.startsWith('Cart-')).length;
    fleet.settle();
    expect(carts()).to.equal(2);
    fleet.loads = { ...load, eventLoopUtilization: 0.95 };
    fleet.settle(20);
    expect(carts()).to.equal(5);
    fleet.loads = { ...load, eventLoopUtilization: 0.1 };
    fleet.memory = { ...fleet.memory, scales: new Map() }; // another leads
    fleet.settle(20);
    expect(carts()).to.equal(5);
    fleet.now += COOL_DOWN_MS;
    const first = fleet.step();
    expect([...(first.apps[0]?.leaving ?? [])]).to.have.length(3);
    expect(first.apps[0]?.groups.find(({ group }) => group === 'Cart')?.replicas).to.have.length(2);
    fleet.settle();
    expect(carts()).to.equal(2);
  });

  it('CONVERGE: whatever hosts and leaders do, once it stops each replica runs once, where it may', () => {
    const names = ['h1', 'h2', 'h3', 'h4'];
    const action = fc.oneof(
      fc.record({ kind: fc.constant('step' as const), steps: fc.integer({ min: 1, max: 6 }) }),
      fc.record({
        kind: fc.constant('status' as const),
        host: fc.constantFrom(...names),
        status: fc.constantFrom('alive' as const, 'suspect' as const, 'dead' as const, 'left' as const),
        isCut: fc.boolean(),
      }),
      fc.record({
        kind: fc.constant('drain' as const),
        host: fc.constantFrom(...names),
        draining: fc.boolean(),
      }),
      fc.record({ kind: fc.constant('forget' as const) }),
      fc.record({ kind: fc.constant('deploy' as const), version: fc.constantFrom('v1', 'v2') }),
      fc.record({
        kind: fc.constant('stray' as const),
        host: fc.constantFrom(...names),
        index: fc.integer({ min: 0, max: 5 }),
        state: fc.constantFrom(
          'starting' as const,
          'serving' as const,
          'adopting' as const,
          'crash-loop' as const,
        ),
      }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 14 }), (actions) => {
        const fleet = new Fleet(CARTS, names, (name) => ({ zone: name > 'h2' ? 'z2' : 'z1' }));
        fleet.settle(5);
        for (const each of actions) {
          if (each.kind === 'step') for (let step = 0; step < each.steps; step++) fleet.step();
          else if (each.kind === 'status') {
            fleet.facts.set(each.host, { ...fleet.facts.get(each.host), status: each.status });
            if (each.isCut) fleet.cut.add(each.host);
            else fleet.cut.delete(each.host);
          } else if (each.kind === 'drain')
            fleet.facts.set(each.host, { ...fleet.facts.get(each.host), draining: each.draining });
          else if (each.kind === 'forget') fleet.memory = BLANK_MEMORY;
          else if (each.kind === 'deploy')
            fleet.record = deployed(fleet.record, sampleDeployment(each.version, CARTS)) ?? fleet.record;
          else {
            const stray = fakeReplica('shop', 'v1', 'Cart', `Cart-${each.index}`, each.state);
            fleet.hosts.get(each.host)?.put({ ...stray, startedAt: fleet.now });
          }
        }
        fleet.cut.clear();
        for (const [name, facts] of fleet.facts) fleet.facts.set(name, { ...facts, status: 'alive' });
        fleet.facts.set('h1', {});
        fleet.settle(100);

        const wanted = fleet.record.current.version;
        expect(fleet.record.serving).to.equal(wanted);
        const there = fleet
          .observe()
          .flatMap(({ host, draining, replicas }) =>
            replicas.map((replica) => ({ host, draining, replica })),
          );
        const keys = there.map(({ replica }) => formatReplica(replica));
        expect(new Set(keys).size, 'each runs once').to.equal(keys.length);
        expect(keys).to.have.length(11);
        for (const { replica, draining } of there) {
          expect(replica.version).to.equal(wanted);
          expect(replica.state).to.equal(replica.group === 'main' ? 'completed' : 'serving');
          if (replica.group !== 'main') expect(draining).to.equal(false);
        }
        const before = JSON.stringify(fleet.where());
        const { wakeAt, memory } = fleet.step();
        expect(wakeAt).to.equal(undefined);
        expect(memory.moving.size + memory.leavingSince.size).to.equal(0);
        expect(JSON.stringify(fleet.where())).to.equal(before);
      }),
      { numRuns: 200 },
    );
  });
});
