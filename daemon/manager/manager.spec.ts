import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Load } from '../../sdk/protocol/control.js';
import type { AppStatus } from '../api/api-types.js';
import { LocalBus } from '../bus/local-bus.js';
import { subjectsOf } from '../bus/subjects.js';
import { controlPlane } from '../control-plane.js';
import { volatileEpochs } from '../host/epoch-fence.js';
import type { HostAgent } from '../host/host-agent.js';
import { PROTOCOL } from '../membership/compatibility.js';
import { systemClock } from '../processes/clock.js';
import { EventLog } from './event-log.js';
import { ManifestError } from './groups.js';
import { type Manager, UnknownAppError } from './manager.js';
import { FakeIngress } from './spec-support/fake-ingress.js';
import { FakeReplicaHost } from './spec-support/fake-replica-host.js';
import { sampleDescription } from './spec-support/sample-app.js';

const subjects = subjectsOf('test');
let generations = 0;

/** One daemon's control plane on a folder, with replicas that {@link until} keeps going. */
class Daemon {
  readonly events = new EventLog(Date.now);
  readonly manager: Manager;
  readonly agent: HostAgent;
  #nextPort = 4000;

  private constructor(
    readonly bus: LocalBus,
    readonly host: FakeReplicaHost,
    readonly ingress: FakeIngress,
  ) {
    const findPort = async () => this.#nextPort++;
    ({ manager: this.manager, agent: this.agent } = controlPlane({
      facts: {
        host: 'h1',
        installation: 'i1',
        address: undefined,
        labels: {},
        capacity: { cpus: 1000, memoryBytes: 1e12, maxReplicas: 1000 },
        version: '1.0.0',
        protocol: PROTOCOL,
      },
      generation: ++generations,
      bus,
      subjects,
      clock: systemClock,
      random: Math.random,
      replicaHost: host,
      ingress,
      bundles: { path: (version) => `/artifacts/${version}/app.mjs`, fetch: async () => undefined },
      epochs: volatileEpochs(),
      isAlone: true,
      events: this.events,
      problems: () => ['planted problem'],
      findPort,
      lease: { ttlMs: 60_000, replacesPredecessor: true },
    }));
  }

  static async start(
    folder: string,
    host = new FakeReplicaHost(),
    ingress = new FakeIngress(),
  ): Promise<Daemon> {
    const bus = await LocalBus.open({ folder, report: () => undefined });
    const daemon = new Daemon(bus, host, ingress);
    daemon.agent.start();
    daemon.manager.start();
    return daemon;
  }

  async until(condition: () => boolean | undefined): Promise<void> {
    while (condition() !== true) {
      this.host.advance();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async stop(): Promise<void> {
    await this.manager.stop();
    this.agent.stop({ leaving: false });
    await this.bus.close();
  }

  app(app: string): AppStatus | undefined {
    return this.manager.leading?.view().apps.find((each) => each.app === app);
  }

  stateOf(app = 'shop'): string | undefined {
    return this.app(app)?.state;
  }

  epochOf(version: string): number {
    return this.host.routing.get(`shop/${version}/Cart`)?.epoch ?? 0;
  }
}

describe('manager', () => {
  let folder: string;
  let daemon: Daemon;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weaverd-manager-'));
    daemon = await Daemon.start(folder);
  });
  afterEach(async () => {
    await daemon.stop();
    await rm(folder, { recursive: true });
  });

  const deploy = (version: string, manifest: object = {}) =>
    daemon.manager.deploy(sampleDescription(version), manifest, 'ann');
  const servedVersions = () => [
    ...new Set(daemon.ingress.routes?.flatMap(({ backends }) => backends.map(({ version }) => version))),
  ];

  it('brings a deployed app up: placements, routing, ingress', async () => {
    expect(await deploy('v1', { components: { Cart: { replicas: 2 } } })).to.deep.equal({
      app: 'shop',
      version: 'v1',
      unchanged: false,
    });
    await daemon.until(() => daemon.stateOf() === 'serving');
    expect(daemon.host.desired?.find(({ replica }) => replica === 'Cart-0')).to.include({
      bundle: '/artifacts/v1/app.mjs',
    });
    expect(daemon.host.routing.get('shop/v1/Cart')?.replicas).to.have.length(2);
    expect(daemon.host.routing.get('shop/v1/Cart')?.assignment?.owners).to.deep.equal([0, 1]);
    expect(servedVersions()).to.deep.equal(['v1']);
    expect(daemon.app('shop')?.listeners[0]).to.include({
      url: 'http://127.0.0.1:4000',
      state: 'open',
    });
    expect(daemon.manager.problems()).to.deep.equal(['planted problem']);
    expect((await deploy('v1', { components: { Cart: { replicas: 2 } } })).unchanged).to.equal(true);
  });

  it('moves slices when the replicas begin to report load, though nothing else changes', async () => {
    const manifest = { components: { Cart: { replicas: 2, balancing: { interval: 1000 } } } };
    await daemon.manager.deploy(sampleDescription('v1'), manifest, 'ann');
    await daemon.until(() => daemon.stateOf() === 'serving');
    const assignment = () => daemon.host.routing.get('shop/v1/Cart')?.assignment;
    const equal = assignment();
    for (const replica of daemon.host.observed().filter(({ group }) => group === 'Cart'))
      daemon.host.put({ ...replica, load: cartLoad(replica.replica === 'Cart-0' ? 800 : 100) });
    await daemon.until(() => JSON.stringify(assignment()) !== JSON.stringify(equal));
    const [view] = (await daemon.manager.routing('Cart', 'shop')) ?? [];
    expect(view?.measured).to.equal(true);
    expect(view?.slices.length).to.be.greaterThan(2);
  });

  it('replaces one version by another, and tells', async () => {
    await deploy('v1');
    await daemon.until(() => daemon.stateOf() === 'serving');
    await deploy('v2');
    await daemon.until(
      () => daemon.stateOf() === 'serving' && !daemon.host.observed().some(({ version }) => version === 'v1'),
    );
    expect(servedVersions()).to.deep.equal(['v2']);
    expect(daemon.app('shop')?.listeners[0]?.url).to.equal('http://127.0.0.1:4000');
    await daemon.until(() => daemon.events.newest(1)[0]?.kind === 'version-gone');
    const kinds = daemon.events.newest(100).map(({ kind }) => kind);
    expect(kinds).to.include('host-joined'); // before or after the store has taken the deployment
    expect(kinds.filter((kind) => kind !== 'host-joined')).to.deep.equal([
      'leading',
      'deployed',
      'version-serving',
      'deployed',
      'version-serving',
      'version-gone',
    ]);
    expect(
      (await daemon.manager.history('shop')).map(({ version, action, user }) => [version, action, user]),
    ).to.deep.equal([
      ['v2', 'deployed', 'ann'],
      ['v1', 'deployed', 'ann'],
    ]);
    expect([...(await daemon.manager.versionsInUse())].sort()).to.deep.equal(['v1', 'v2']);
  });

  it('ADOPT: a restarted one touches nothing until all is adopted, and its epochs are higher', async () => {
    await deploy('v1');
    await daemon.until(() => daemon.stateOf() === 'serving');
    const epoch = daemon.epochOf('v1');
    const routes = daemon.ingress.routes;
    const replicas = daemon.host.observed();
    await daemon.stop();

    const host = new FakeReplicaHost();
    for (const replica of replicas)
      host.put(replica.state === 'serving' ? { ...replica, state: 'adopting' } : replica);
    daemon = await Daemon.start(folder, host);
    while (host.desired === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(host.desired).to.have.length(replicas.length);
    expect(daemon.ingress.routes).to.equal(undefined);
    expect(host.routing.size).to.equal(0);
    await daemon.until(() => daemon.stateOf() === 'serving');
    expect(host.started).to.deep.equal([]);
    expect(host.drained).to.deep.equal([]);
    expect(daemon.ingress.routes).to.deep.equal(routes);
    await daemon.until(() => daemon.epochOf('v1') > epoch);
  });

  it('keeps slices with their owners over a restart', async () => {
    await deploy('v1', { components: { Cart: { replicas: 3 } } });
    daemon.host.behaviour = ({ replica }) => (replica === 'Cart-2' ? 'crash' : 'serve');
    await daemon.until(() => daemon.host.routing.get('shop/v1/Cart')?.replicas.length === 2);
    daemon.host.behaviour = () => 'serve';
    await daemon.until(() => daemon.stateOf() === 'serving');
    await daemon.until(() => daemon.host.routing.get('shop/v1/Cart')?.replicas.length === 3);
    const assignment = daemon.host.routing.get('shop/v1/Cart')?.assignment;
    expect(assignment?.owners).to.have.length.greaterThan(3);
    const host = daemon.host;
    await daemon.stop();
    host.routing.clear();
    daemon = await Daemon.start(folder, host);
    await daemon.until(() => host.routing.has('shop/v1/Cart'));
    expect(host.routing.get('shop/v1/Cart')?.assignment).to.deep.equal(assignment);
  });

  it('says why a version does not come up, while the one before serves', async () => {
    await deploy('v1');
    await daemon.until(() => daemon.stateOf() === 'serving');
    daemon.host.behaviour = ({ version }) => (version === 'v2' ? 'crash' : 'serve');
    await deploy('v2');
    await daemon.until(() => daemon.stateOf() === 'failed');
    expect(daemon.app('shop')?.reason).to.contain('planted crash').and.to.contain('v1 still serves');
    expect(servedVersions()).to.deep.equal(['v1']);
    expect(daemon.events.newest(10).map(({ kind }) => kind)).to.include('version-failed');
  });

  it('moves a listener whose chosen port was taken', async () => {
    await deploy('v1');
    daemon.ingress.taken.add(4000);
    await daemon.until(() => daemon.app('shop')?.listeners[0]?.url === 'http://127.0.0.1:4001');
    await daemon.until(() => daemon.stateOf() === 'serving');
    expect(daemon.events.newest(10).map(({ kind }) => kind)).to.include('listener-moved');
  });

  it('stops, starts again, and forgets an app', async () => {
    await deploy('v1');
    await daemon.until(() => daemon.stateOf() === 'serving');
    await daemon.manager.stopApp('shop', false, 'bob');
    await daemon.until(() => daemon.stateOf() === 'stopped');
    expect(daemon.ingress.routes).to.deep.equal([]);
    expect((await deploy('v1')).unchanged).to.equal(false);
    await daemon.until(() => daemon.stateOf() === 'serving');
    expect(daemon.app('shop')?.listeners[0]?.url).to.equal('http://127.0.0.1:4000');
    await daemon.manager.stopApp('shop', true, 'bob');
    await daemon.until(() => daemon.events.newest(1)[0]?.kind === 'removed');
    expect(daemon.manager.leading?.view().apps).to.deep.equal([]);
    expect(await daemon.manager.history('shop')).to.deep.equal([]);
    expect(daemon.host.observed()).to.deep.equal([]);
  });

  it('drains everything in order, and leaves what is desired', async () => {
    await deploy('v1');
    await daemon.until(() => daemon.stateOf() === 'serving');
    let drained = false;
    void daemon.manager.drain().then(() => {
      drained = true;
    });
    await daemon.until(() => drained);
    expect(daemon.host.observed()).to.deep.equal([]);
    expect(daemon.host.drained[0]).to.equal('shop/v1/Frontend-0');
    expect(daemon.stateOf()).to.equal('stopped');
    await daemon.stop();
    daemon = await Daemon.start(folder);
    await daemon.until(() => daemon.stateOf() === 'serving');
  });

  it('refuses what cannot be', async () => {
    const failure = async (promise: Promise<unknown>) => promise.catch((reason: unknown) => reason);
    expect(await failure(deploy('v1', { colocate: [['Crat', 'Catalog']] }))).to.be.instanceOf(ManifestError);
    expect(await failure(deploy('v1', { colour: 'red' }))).to.be.instanceOf(ManifestError);
    expect(await failure(deploy('v1', { name: 'other' }))).to.be.instanceOf(ManifestError);
    expect(await failure(daemon.manager.stopApp('none', false, 'bob'))).to.be.instanceOf(UnknownAppError);
    expect(daemon.manager.leading?.view().apps ?? []).to.deep.equal([]);
  });
});

/** All of it in the first sixteenth of the space. */
function cartLoad(ms: number): Load {
  const buckets = [0, 1, 2, 3];
  return {
    ...{
      intervalMs: 1000,
      cpuMs: 0,
      rssBytes: 0,
      eventLoopUtilization: 0,
      methods: [],
      handshakesRefused: {},
    },
    keys: [{ component: 'Cart', bits: 6, buckets, loads: buckets.map(() => ms / 4), hotKeys: [] }],
  };
}
