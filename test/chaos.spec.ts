import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { AppStatus, ReplicaStatus } from '../daemon/api/api-types.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { failuresByKind, type Recorded, SteadyLoad } from './support/steady-load.js';
import { REPOSITORY, TestDaemon } from './support/weaverd.js';

/** What of a kill's work may reach a client after it: the kernel closes the dead process's sockets within this. */
const KILL_SETTLES_MS = 250;

describe('chaos on one machine, under steady load', function () {
  this.timeout(300_000);
  let daemon: TestDaemon;
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wc-'));
    daemon = await TestDaemon.start();
  });

  afterEach(async () => {
    await daemon.destroy();
    await rm(folder, { recursive: true, force: true });
  });

  async function deployBoutique(replicas: number): Promise<string> {
    const port = await freePort();
    const manifest = join(folder, 'weaver.toml');
    const components = COMPONENTS.map((name) => `[components.${name}]\nreplicas = ${replicas}\n`).join('');
    const entry = JSON.stringify(join(REPOSITORY, 'examples/boutique/main.ts'));
    await writeFile(
      manifest,
      `name = "boutique"\nentry = ${entry}\n[listeners.shop]\nport = ${port}\n${components}`,
    );
    await daemon.must('deploy', manifest);
    return `http://127.0.0.1:${port}`;
  }

  async function boutique(): Promise<AppStatus> {
    const app = (await daemon.status()).apps.find(({ app: name }) => name === 'boutique');
    if (app === undefined) throw new Error('the daemon knows no boutique');
    return app;
  }

  const replicasOf = (app: AppStatus): readonly ReplicaStatus[] =>
    app.groups.flatMap(({ replicas }) => replicas);

  /** Kills the replica's process, and waits until its next generation serves. */
  async function killAndWait(killed: ReplicaStatus): Promise<number> {
    if (killed.pid === undefined) throw new Error(`${killed.replica} has no process`);
    process.kill(killed.pid, 'SIGKILL');
    const at = performance.now();
    await eventually(`${killed.replica} serves again`, async () => {
      const now = replicasOf(await boutique()).find(({ replica }) => replica === killed.replica);
      return (now?.state === 'serving' && now.generation > killed.generation) || undefined;
    });
    return at;
  }

  const overlaps = ({ start, end }: Recorded, instants: readonly number[]) =>
    instants.some((at) => start <= at + KILL_SETTLES_MS && end >= at);

  it('loses only calls in flight to the killed proclet, and none when the daemon is killed', async () => {
    const url = await deployBoutique(1);
    const load = new SteadyLoad(url, 6);
    const kills: number[] = [];
    const before = replicasOf(await boutique());
    expect(before).to.have.length(11);
    for (const replica of before) kills.push(await killAndWait(replica));

    const pids = replicasOf(await boutique()).map(({ pid }) => pid);
    const daemonKilledAt = performance.now();
    await daemon.kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 500));
    await daemon.restart();
    await eventually(
      'the daemon has adopted them all',
      async () => (await boutique()).state === 'serving' || undefined,
    );
    expect(
      replicasOf(await boutique()).map(({ pid }) => pid),
      'ADOPT: the same processes',
    ).to.deep.equal(pids);
    await new Promise((resolve) => setTimeout(resolve, 500));

    const recorded = await load.stop();
    const failed = recorded.filter(({ failure }) => failure !== undefined);
    const summary = JSON.stringify(failuresByKind(recorded));
    expect(recorded.length).to.be.greaterThan(100);
    expect(
      failed.filter(({ failure }) => failure === 'hung'),
      summary,
    ).to.deep.equal([]);
    expect(
      failed.filter((request) => !overlaps(request, kills)),
      `failed outside of a kill: ${summary}`,
    ).to.deep.equal([]);
    expect(
      failed.filter(({ end }) => end >= daemonKilledAt),
      'ADOPT: no call is lost with the daemon',
    ).to.deep.equal([]);
    const refused = replicasOf(await boutique()).map(
      ({ handshakesRefused }) => handshakesRefused.version ?? 0,
    );
    expect(
      refused.every((count) => count === 0),
      'ONE-VERSION',
    ).to.equal(true);
  });

  it('fails no retry-safe call while one of two replicas is killed', async () => {
    const url = await deployBoutique(2);
    const load = new SteadyLoad(url, 6);
    for (const { replicas } of (await boutique()).groups) {
      const [first] = replicas;
      if (first !== undefined) await killAndWait(first);
    }
    const recorded = await load.stop();
    expect(recorded.length).to.be.greaterThan(100);
    const safe = recorded.filter((request) => request.safe);
    expect(failuresByKind(safe)).to.deep.equal({});
  });
});

const COMPONENTS = [
  'Ads',
  'Cart',
  'CartCache',
  'Checkout',
  'Currency',
  'Email',
  'Frontend',
  'Payment',
  'ProductCatalog',
  'Recommendations',
  'Shipping',
];
