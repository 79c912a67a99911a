import { expect } from 'chai';
import fc from 'fast-check';
import type { ObservedReplica } from '../envelope/replica-host.js';
import { UNLIMITED } from '../placement/placement-host.js';
import { type AppRecord, deployed, forgotten, shifted, stopped } from './app-record.js';
import { layoutOf } from './layout.js';
import type { ObservedHost } from './observed-host.js';
import { type AppPlan, type Plan, plan } from './plan.js';
import { BLANK_MEMORY } from './plan-memory.js';
import { MAX_SETTLE_MS, SETTLE_MS } from './retirement.js';
import { FakeReplicaHost, fakeReplica } from './spec-support/fake-replica-host.js';
import { sampleDeployment } from './spec-support/sample-app.js';

/** A control plane without a bus: plans, applies, lets time pass. */
class World {
  readonly hosts: ReadonlyMap<string, FakeReplicaHost>;
  record: AppRecord | undefined;
  now = 1_000_000;
  memory = BLANK_MEMORY;
  routesApplied = true;
  answering: ReadonlySet<string> = new Set();

  constructor(record: AppRecord, hosts: readonly string[] = ['h1']) {
    this.record = record;
    this.hosts = new Map(hosts.map((host) => [host, new FakeReplicaHost()]));
  }

  observe(): readonly ObservedHost[] {
    return [...this.hosts].map(([host, replicas]) => ({
      host,
      status: 'alive',
      draining: false,
      labels: {},
      zone: undefined,
      capacity: UNLIMITED,
      reported: true,
      replicas: replicas.observed().map((replica) => ({ ...replica, host })),
      routesApplied: this.routesApplied,
      answering: this.answering,
    }));
  }

  get observed(): readonly ObservedReplica[] {
    return this.observe().flatMap(({ replicas }) => replicas);
  }

  plan(): Plan {
    const planned = plan(
      this.record === undefined ? [] : [this.record],
      this.observe(),
      this.now,
      this.memory,
    );
    this.memory = planned.memory;
    for (const [host, placements] of planned.placements) this.hosts.get(host)?.setDesired(placements);
    for (const app of planned.apps) this.#advance(app);
    return planned;
  }

  step(elapsedMs = 100): Plan {
    const planned = this.plan();
    for (const host of this.hosts.values()) host.advance();
    this.now += elapsedMs;
    return planned;
  }

  settle(steps = 120): void {
    for (let step = 0; step < steps; step++) this.step();
  }

  states(version: string): Record<string, string> {
    return Object.fromEntries(
      this.observed
        .filter((replica) => replica.version === version)
        .map(({ replica, state }): [string, string] => [replica, state])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  #advance({ shiftTo, gone, isGone }: AppPlan): void {
    if (this.record === undefined) return;
    if (isGone) this.record = undefined;
    else if (shiftTo !== undefined) this.record = shifted(this.record, shiftTo);
    else this.record = forgotten(this.record, gone);
  }
}

function running(version: string, manifest: object = {}): AppRecord {
  const record = deployed(undefined, sampleDeployment(version, manifest));
  if (record === undefined) throw new Error('a first deployment is a change');
  return record;
}

function redeployed(record: AppRecord, version: string, manifest: object = {}): AppRecord {
  return deployed(record, sampleDeployment(version, manifest, 2)) ?? record;
}

const ALL_SERVE = {
  'Cart-0': 'serving',
  'CartCache-0': 'serving',
  'Catalog-0': 'serving',
  'Frontend-0': 'serving',
  'Recommendations-0': 'serving',
  'main-0': 'completed',
};

describe('plan', () => {
  it('decides nothing while no host has reported', () => {
    const { placements, apps } = plan([running('v1')], [], 0, BLANK_MEMORY);
    expect(placements.size).to.equal(0);
    expect(apps).to.deep.equal([]);
  });

  it('places the minimum of replicas, with what each hosts', () => {
    const world = new World(
      running('v1', {
        components: { Cart: { replicas: 2, config: { size: 7 }, implementation: 'Fast' } },
        env: { A: 'b' },
        resources: { memory: '1GiB' },
        calls: { timeout: '3s' },
        shutdown: { grace: '4s' },
        main: { config: { m: 1 } },
      }),
    );
    const placed = world.plan().placements.get('h1') ?? [];
    expect(placed.map(({ replica }) => replica)).to.include.members(['Cart-0', 'Cart-1', 'main-0']);
    expect(placed).to.have.length(7);
    expect(placed.find(({ replica }) => replica === 'Cart-1')).to.deep.equal({
      app: 'shop',
      version: 'v1',
      group: 'Cart',
      replica: 'Cart-1',
      hosting: {
        components: [{ name: 'Cart', config: { size: 7 }, implementation: 'Fast' }],
        main: false,
        mainConfig: { m: 1 },
        defaultTimeoutMs: 3000,
      },
      env: { A: 'b' },
      memoryMiB: 1024,
      graceMs: 4000,
    });
    expect(placed.find(({ replica }) => replica === 'main-0')?.hosting.main).to.equal(true);
  });

  it('runs main in the first replica only, however many a group has', () => {
    const world = new World(running('v1', { colocate: 'all', components: { Cart: { replicas: 3 } } }));
    const placed = world.plan().placements.get('h1') ?? [];
    expect(placed.map(({ replica, hosting }) => [replica, hosting.main])).to.deep.equal([
      ['all-0', true],
      ['all-1', false],
      ['all-2', false],
    ]);
  });

  it('shifts to a new version when all of it serves, and retires the old one after that', () => {
    const world = new World(running('v1'));
    world.settle(10);
    expect(world.record?.serving).to.equal('v1');
    world.record = redeployed(running('v1'), 'v2');
    world.record = { ...world.record, serving: 'v1' };
    while (world.record?.serving === 'v1') {
      world.step();
      expect(world.states('v1')).to.deep.equal(ALL_SERVE);
    }
    expect(world.states('v2')).to.deep.equal(ALL_SERVE);
    world.settle();
    expect(world.states('v1')).to.deep.equal({});
    expect(world.states('v2')).to.deep.equal(ALL_SERVE);
    expect(world.record?.older).to.deep.equal([]);
  });

  it('retires callers before those they call, and cycles together', () => {
    const world = new World(running('v1'));
    world.settle(10);
    if (world.record !== undefined) world.record = stopped(world.record, false);
    world.settle();
    const [host] = world.hosts.values();
    expect(host?.drained).to.deep.equal([
      'shop/v1/Frontend-0',
      'shop/v1/Cart-0',
      'shop/v1/Catalog-0',
      'shop/v1/Recommendations-0',
      'shop/v1/CartCache-0',
    ]);
    expect(world.observed).to.deep.equal([]);
  });

  it('asks a replica to drain only after it left the ingress, or waited long enough for that', () => {
    const world = new World(running('v1'));
    world.settle(10);
    if (world.record !== undefined) world.record = stopped(world.record, false);
    const since = world.now;
    world.plan();
    world.now = since + SETTLE_MS - 1;
    expect(world.plan().placements.get('h1')).to.not.be.empty;
    world.routesApplied = false;
    world.now = since + MAX_SETTLE_MS - 1;
    const waiting = world.plan();
    expect(waiting.placements.get('h1')?.map(({ replica }) => replica)).to.include('Frontend-0');
    expect(waiting.wakeAt).to.equal(since + MAX_SETTLE_MS);
    world.now = since + MAX_SETTLE_MS;
    expect(
      world
        .plan()
        .placements.get('h1')
        ?.map(({ replica }) => replica),
    ).to.not.include('Frontend-0');
  });

  it('lets a replica answer the requests it has before it drains, within its grace', () => {
    const world = new World(running('v1', { shutdown: { grace: 8000 } }));
    world.settle(10);
    if (world.record !== undefined) world.record = stopped(world.record, false);
    const since = world.now;
    world.plan();
    const placed = () =>
      world
        .plan()
        .placements.get('h1')
        ?.map(({ replica }) => replica);
    world.answering = new Set(['shop/v1/Frontend-0']);
    world.now = since + 7999;
    expect(placed()).to.include('Frontend-0');
    world.answering = new Set();
    expect(placed(), 'answered').to.not.include('Frontend-0');
    world.answering = new Set(['shop/v1/Frontend-0']);
    world.now = since + 8000;
    expect(placed(), 'its grace is over').to.not.include('Frontend-0');
  });

  it('takes surplus replicas out of routing before they drain', () => {
    const world = new World(running('v1', { components: { Cart: { replicas: 3 } } }));
    world.settle(10);
    if (world.record !== undefined)
      world.record = redeployed(world.record, 'v1', { components: { Cart: { replicas: 1 } } });
    const first = world.plan();
    expect([...(first.apps[0]?.leaving ?? [])]).to.deep.equal(['shop/v1/Cart-1', 'shop/v1/Cart-2']);
    expect(first.placements.get('h1')?.map(({ replica }) => replica)).to.include.members([
      'Cart-1',
      'Cart-2',
    ]);
    world.settle();
    expect(world.states('v1')).to.deep.equal(ALL_SERVE);
  });

  it('keeps the old version when the new one fails, and says why', () => {
    const world = new World(running('v1'));
    world.settle(10);
    for (const host of world.hosts.values())
      host.behaviour = ({ version, group, hosting }) =>
        version === 'v2' && group === 'Cart' ? 'crash' : hosting.main ? 'complete' : 'serve';
    if (world.record !== undefined) world.record = redeployed(world.record, 'v2');
    for (let step = 0; step < 40; step++) {
      const planned = world.step();
      expect(world.states('v1')).to.deep.equal(ALL_SERVE);
      if (step > 3) expect(planned.apps[0]?.failure).to.equal('Cart-0: planted crash');
    }
    expect(world.record?.serving).to.equal('v1');
    for (const host of world.hosts.values())
      host.behaviour = ({ hosting }) => (hosting.main ? 'complete' : 'serve');
    world.settle();
    expect(world.record?.serving).to.equal('v2');
    expect(world.plan().apps[0]?.failure).to.equal(undefined);
  });

  it('replaces a version that never served by the next one', () => {
    const world = new World(running('v1'));
    world.settle(10);
    for (const version of ['v2', 'v3'])
      if (world.record !== undefined) {
        world.record = redeployed(world.record, version);
        world.step();
      }
    expect(world.record?.older.map(({ version }) => version)).to.deep.equal(['v2', 'v1']);
    world.settle();
    expect(world.record).to.include({ serving: 'v3' });
    expect(world.record?.older).to.deep.equal([]);
    expect(world.observed.map(({ version }) => version)).to.not.include.members(['v1', 'v2']);
  });

  it('waits for the listeners that the version before serves', () => {
    const world = new World(running('v1'));
    world.settle(10);
    if (world.record !== undefined) world.record = redeployed(world.record, 'v2');
    const silent = fakeReplica('shop', 'v2', 'Frontend', 'Frontend-0', 'serving');
    for (const { placement } of layoutOf(sampleDeployment('v2')))
      world.hosts.get('h1')?.put(fakeReplica('shop', 'v2', placement.group, placement.replica, 'serving'));
    world.hosts.get('h1')?.put({ ...silent, listeners: [] });
    expect(world.plan().apps[0]?.shiftTo).to.equal(undefined);
    world.hosts.get('h1')?.put(silent);
    expect(world.plan().apps[0]?.shiftTo).to.equal('v2');
  });

  it('CONVERGE: from any observed state and any history, what is desired comes to be', () => {
    const versions = ['v1', 'v2', 'v3', 'unknown'];
    const states = [
      'waiting',
      'starting',
      'adopting',
      'serving',
      'draining',
      'completed',
      'crash-loop',
      'failed',
      'stopped',
    ] as const;
    const groups = [
      'Cart',
      'CartCache',
      'Catalog',
      'Frontend',
      'Recommendations',
      'main',
      'Cart+Catalog',
      'x',
    ];
    const stray = fc.record({
      host: fc.constantFrom('h1', 'h2'),
      version: fc.constantFrom(...versions),
      group: fc.constantFrom(...groups),
      index: fc.integer({ min: 0, max: 3 }),
      state: fc.constantFrom(...states),
    });
    const manifest = fc.record({
      colocate: fc.constantFrom<readonly string[][]>([], [['Cart', 'Catalog']]),
      components: fc.record({ Cart: fc.record({ replicas: fc.integer({ min: 1, max: 3 }) }) }),
    });
    const action = fc.oneof(
      fc.record({
        kind: fc.constant('deploy' as const),
        version: fc.constantFrom('v1', 'v2', 'v3'),
        manifest,
      }),
      fc.record({ kind: fc.constant('stop' as const), remove: fc.boolean() }),
      fc.record({ kind: fc.constant('pass' as const), steps: fc.integer({ min: 1, max: 8 }) }),
      fc.record({ kind: fc.constant('stray' as const), stray }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 10 }), manifest, (actions, first) => {
        const world = new World(running('v1', first), ['h1', 'h2']);
        for (const each of actions) {
          if (each.kind === 'pass') for (let step = 0; step < each.steps; step++) world.step();
          else if (each.kind === 'stray') {
            const { host, version, group, index, state } = each.stray;
            if (state === 'completed' && group !== 'main') continue; // only main ever completes
            if (
              world.observed.some(
                (other) => other.version === version && other.replica === `${group}-${index}`,
              )
            )
              continue;
            world.hosts.get(host)?.put(fakeReplica('shop', version, group, `${group}-${index}`, state));
          } else if (each.kind === 'deploy')
            world.record =
              world.record === undefined
                ? running(each.version, each.manifest)
                : redeployed(world.record, each.version, each.manifest);
          else if (world.record !== undefined) world.record = stopped(world.record, each.remove);
        }
        world.settle();

        const { record } = world;
        const wanted = record?.state === 'running' ? layoutOf(record.current) : [];
        const found = world.observed.map(({ version, replica, state }) => `${version}/${replica} ${state}`);
        expect(found.sort()).to.deep.equal(
          wanted
            .map(({ placement }) => placement)
            .map(({ version, replica, hosting }) => {
              const was = world.observed.find((each) => each.version === version && each.replica === replica);
              const state = was?.state === 'completed' ? 'completed' : 'serving';
              return `${version}/${replica} ${hosting.main ? state : 'serving'}`;
            })
            .sort(),
        );
        if (record?.state === 'running') expect(record.serving).to.equal(record.current.version);
        expect(record?.older ?? []).to.deep.equal([]);
        expect(record?.state).to.not.equal('removed');
        const before = JSON.stringify(world.observe());
        const { wakeAt, memory } = world.step();
        expect(wakeAt).to.equal(undefined);
        expect(memory.leavingSince.size).to.equal(0);
        expect(JSON.stringify(world.observe())).to.equal(before);
      }),
      { numRuns: 150 },
    );
  });
});
