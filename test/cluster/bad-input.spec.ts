import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import type { DaemonStatus } from '../../daemon/api/api-types.js';
import { subjectsOf } from '../../daemon/bus/subjects.js';
import { PROTOCOL } from '../../daemon/membership/compatibility.js';
import { eventually } from '../support/eventually.js';
import { REPOSITORY, weaverd } from '../support/weaverd.js';
import type { DaemonHost, DaemonHostConfig } from './support/daemon-host.js';
import { failuresByCode, ghosts, monotonicNow, readHistory } from './support/history.js';
import { Intruder } from './support/intruder.js';
import { probeOf, TestFleet } from './support/test-fleet.js';

const USER = 'weaver';
const PASSWORD = 'correct-horse';
const HOSTS = 2;

/** What is wrong is named in `status` or `events`, and nobody else is disturbed: no call fails, each process goes on. */
describe('a fleet and bad input', function () {
  this.timeout(180_000);
  let fleet: TestFleet;
  let intruder: Intruder;
  let strangers: DaemonHost[];
  let from: number;
  let since: number;
  let pids: readonly unknown[];

  before(async () => {
    fleet = await TestFleet.start({
      hosts: HOSTS,
      natsServer: `authorization { user: ${USER}, password: "${PASSWORD}" }`,
      natsUser: `${USER}:${PASSWORD}`,
    });
    await fleet.deployProbe();
    const url = fleet.nats[0]?.url ?? '';
    const { network } = fleet;
    intruder = await Intruder.start({ network, host: 'h1', url, user: USER, password: PASSWORD });
  });

  after(async () => {
    intruder?.stop();
    await fleet?.dispose();
  });

  beforeEach(async () => {
    await fleet.converged();
    strangers = [];
    from = monotonicNow();
    since = Date.now();
    pids = await processes();
  });

  afterEach(async () => {
    await Promise.all(strangers.map((stranger) => stranger.killAll()));
    await fleet.converged();
    const history = await readHistory(fleet.probeFolder, from);
    expect(history.calls.length).to.be.greaterThan(0);
    expect(failuresByCode(history.calls), 'no call is disturbed').to.deep.equal({});
    expect(ghosts(history)).to.deep.equal([]);
    expect(await processes(), 'each process goes on').to.deep.equal(pids);
  });

  /** Of the daemons, and of the replicas that the fleet began with. */
  async function processes(): Promise<readonly unknown[]> {
    const replicas = await fleet.replicas();
    const own = replicas.filter(({ host }) => fleet.hosts.some(({ name }) => name === host));
    return [
      ...fleet.hosts.map(({ pid }) => pid),
      ...own.map(({ replica, pid }) => `${replica} ${pid}`).sort(),
    ];
  }

  async function stranger(name: string, config: Partial<DaemonHostConfig> = {}): Promise<DaemonHost> {
    const host = await fleet.addHost(name, config);
    strangers.push(host);
    await host.start();
    return host;
  }

  function problemOn(host: DaemonHost, part: string): Promise<DaemonStatus> {
    return eventually(`${host.name} has the problem "${part}"`, async () => {
      const status = await host.status();
      return status.problems.some((problem) => problem.includes(part)) ? status : undefined;
    });
  }

  function event(kind: string, part: string): Promise<unknown> {
    return eventually(`the event ${kind} with "${part}"`, async () =>
      (await fleet.events(since)).find((each) => each.kind === kind && each.message.includes(part)),
    );
  }

  it('a daemon with another cluster name sees nothing of this one', async () => {
    const host = await stranger('x1', { cluster: 'other' });
    const { cluster, apps } = await eventually('it leads its own', async () => {
      const status = await host.status();
      return status.cluster?.leader === undefined || status.cluster.hosts.length === 0 ? undefined : status;
    });
    expect(cluster?.name).to.equal('other');
    expect(cluster?.hosts.map(({ host: name }) => name)).to.deep.equal(['x1']);
    expect(apps).to.deep.equal([]);
    const seen = (await fleet.host(0).status()).cluster?.hosts.map(({ host: name }) => name);
    expect(seen).to.deep.equal(['h1', 'h2']);
  });

  it('a daemon with wrong credentials says that they are refused, without showing them', async () => {
    const host = await stranger('x2', { natsUser: `${USER}:wrong-zebra` });
    const { cluster, problems } = await problemOn(host, 'refuses the credentials');
    expect(cluster?.bus.state).to.equal('connecting');
    expect(problems.join()).not.to.contain('zebra');
  });

  it('a second daemon of one name is left out, and both are told', async () => {
    const host = await stranger('x3', { hostName: 'h1' });
    await problemOn(host, 'two daemons are named h1');
    await problemOn(fleet.host(1), 'two daemons are named h1');
    await event('host-duplicate-name', fleet.network.address('x3'));
    await host.killAll();
    await event('host-duplicate-name-ended', 'only one daemon is named h1');
  });

  it('daemons of an older and of a newer protocol are named, and get nothing to run', async () => {
    const subjects = subjectsOf('fleet');
    const heartbeat = (host: string, protocol: number) => ({
      subject: subjects.report(host),
      body: json({ facts: factsOf(host, protocol), sequence: 1, leaving: false }),
    });
    await intruder.publish([heartbeat('ancient', PROTOCOL - 1), heartbeat('future', PROTOCOL + 1)]);
    await event('host-incompatible', 'upgrade weaverd on ancient');
    await event('host-incompatible', "upgrade weaverd on the leader's host");
    await problemOn(fleet.host(0), 'upgrade weaverd on ancient');
    await event('host-died', 'ancient');
  });

  it('an app that asks for more than there is waits, and it is said for what', async () => {
    const manifest = join(fleet.folder, 'greedy.toml');
    const entry = JSON.stringify(join(REPOSITORY, 'test/fixtures/slow-server/main.ts'));
    await writeFile(
      manifest,
      `name = "greedy"\nentry = ${entry}\n[main.resources]\nmemory = "900000GiB"\n[listeners.slow]\n`,
    );
    const { stateFolder } = fleet.host(0);
    const deployed = await weaverd(['deploy', manifest, '--no-wait', '--state', stateFolder]);
    expect(deployed.code, deployed.stderr).to.equal(0);
    const reason = await eventually('it is said why greedy does not run', async () => {
      const app = (await fleet.host(1).status()).apps.find((each) => each.app === 'greedy');
      return app?.state === 'deploying' ? app.reason : undefined;
    });
    expect(reason).to.contain('memory');
    await event('unplaced', 'greedy');
    await fleet.host(0).api.stop('greedy', { remove: true });
  });

  it('malformed messages on every subject are left out, and told of', async () => {
    const { version } = probeOf(await fleet.host(0).status());
    const subjects = subjectsOf('fleet');
    const of = (host: string) => [
      subjects.report(host),
      subjects.placements(host),
      subjects.memory(host),
      subjects.refusal(host),
      subjects.ingress(host),
    ];
    const { view, plan, events, callForReports } = subjects;
    const every = [
      ...of('h1'),
      ...of('h2'),
      ...of('nobody'),
      subjects.routing('probe', version),
      view,
      plan,
      events,
      callForReports,
    ];
    const bodies = fc.oneof(
      fc.jsonValue().map(json),
      fc.record({ epoch: fc.nat(), leader: fc.string(), placements: fc.jsonValue() }).map(json),
      fc.record({ facts: fc.jsonValue(), sequence: fc.nat(), leaving: fc.boolean() }).map(json),
      fc.uint8Array({ maxLength: 300 }),
    );
    const messages = fc.record({ subject: fc.constantFrom(...every), body: bodies });
    await fc.assert(
      fc.asyncProperty(fc.array(messages, { minLength: 20, maxLength: 50 }), (some) =>
        intruder.publish(some),
      ),
      { numRuns: 40 },
    );
    await event('host-malformed-report', 'cannot be read');
    await event('malformed-message', 'cannot be read');
    await event('store', 'is not JSON');
  });

  it('a damaged artifact in the object store is named, and made good by a host that has it', async () => {
    const host = await stranger('x4');
    await eventually('it is there', async () =>
      (await fleet.host(0).status()).cluster?.hosts.find(
        ({ host: name, state }) => name === 'x4' && state === 'alive',
      ),
    );
    await intruder.damageBlobs();
    await fleet.submitProbe({ targets: HOSTS + 1, wait: false });
    await problemOn(host, 'does not match its digest');
    await eventually(
      'it runs there',
      async () =>
        (await fleet.replicas()).find(({ host: name, state }) => name === 'x4' && state === 'serving'),
      60_000,
    );
    await fleet.submitProbe({ targets: HOSTS, wait: false });
    await eventually(
      'it runs there no more',
      async () => (await fleet.replicas()).every(({ host: name }) => name !== 'x4') || undefined,
    );
  });
});

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function factsOf(host: string, protocol: number) {
  return {
    host,
    generation: 1,
    installation: `of ${host}`,
    address: '10.77.0.99',
    labels: {},
    capacity: { cpus: 8, memoryBytes: 1e9, maxReplicas: 100 },
    version: `0.0.${protocol}`,
    protocol,
  };
}
