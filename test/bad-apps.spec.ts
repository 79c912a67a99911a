import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import type { AppStatus, ReplicaStatus } from '../daemon/api/api-types.js';
import { stateLayout } from '../daemon/state/state-folder.js';
import type { ProcletSpec } from '../sdk/protocol/control.js';
import { connect } from '../sdk/transport/index.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import {
  connected,
  GARBAGE,
  type SlowLoris,
  sendAndHangUp,
  slowLoris,
  type Target,
} from './support/hostile-peers.js';
import { processesNaming } from './support/processes.js';
import { mountSmallDisk, type SmallDisk } from './support/small-disk.js';
import { type Finished, REPOSITORY, TestDaemon } from './support/weaverd.js';

const fixture = (path: string) => join(REPOSITORY, 'test/fixtures', path);
const ARTIFACTS_MIB = 48;

/** What the app `faults` answers. */
interface Answer {
  readonly value?: unknown;
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly executed?: string;
}

describe('bad apps and hostile peers, beside an app that goes on serving', function () {
  this.timeout(120_000);
  let daemon: TestDaemon;
  let disk: SmallDisk | undefined;
  let folder: string;
  let url: string;
  let pids: readonly (number | undefined)[];
  let loris: SlowLoris;

  before(async () => {
    disk = mountSmallDisk(ARTIFACTS_MIB);
    folder = await mkdtemp(join(tmpdir(), 'wf-'));
    // Too long for the sockets: those go elsewhere.
    daemon = await TestDaemon.start(join(disk?.folder ?? folder, 's'.repeat(120)));
    await daemon.must('deploy', fixture('faults'));
    url = (await app('faults')).listeners[0]?.url ?? '';
    pids = await pidsOfFaults();
    loris = await slowLoris(publicPort());
  });

  afterEach('the other app was not disturbed', async () => {
    expect(await ask('/fine')).to.deep.equal({ value: 1 });
    expect(await pidsOfFaults()).to.deep.equal(pids);
  });

  after(async () => {
    const { stateFolder, runtimeFolder } = stateLayout(daemon.stateFolder);
    loris.stop();
    await daemon.destroy();
    disk?.dispose();
    await rm(folder, { recursive: true, force: true });
    expect(processesNaming(stateFolder), 'nothing is left running').to.deep.equal([]);
    expect(processesNaming(runtimeFolder)).to.deep.equal([]);
    expect(existsSync(runtimeFolder), 'nor any folder').to.equal(false);
  });

  function publicPort(): Target {
    const { hostname, port } = new URL(url);
    return { host: hostname, port: Number(port) };
  }

  async function app(name: string): Promise<AppStatus> {
    const found = (await daemon.status()).apps.find((each) => each.app === name);
    if (found === undefined) throw new Error(`the daemon knows no ${name}`);
    return found;
  }

  async function replica(of: string, name: string): Promise<ReplicaStatus> {
    const replicas = (await app(of)).groups.flatMap((group) => group.replicas);
    const found = replicas.find((each) => each.replica === name);
    if (found === undefined) throw new Error(`${of} has no ${name}`);
    return found;
  }

  async function pidsOfFaults(): Promise<readonly (number | undefined)[]> {
    return (await app('faults')).groups.flatMap(({ replicas }) => replicas.map(({ pid }) => pid));
  }

  async function ask(path: string): Promise<Answer> {
    const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(60_000) });
    return (await response.json()) as Answer;
  }

  /** Stopped, and nothing of it runs. */
  async function stop(name: string): Promise<void> {
    const { version } = await app(name);
    await daemon.must('stop', name);
    expect(processesNaming(join('artifacts', version)), `${name} is gone`).to.deep.equal([]);
  }

  const events = () => daemon.must('events');

  describe('an app', () => {
    const failing = ['throws-at-load', 'throws-at-start', 'main-throws', 'crashes-after-serving'] as const;
    const outcomes = new Map<string, Finished>();

    before(async () => {
      await Promise.all(
        failing.map(async (name) => outcomes.set(name, await daemon.run('deploy', fixture(name)))),
      );
    });
    after(() => Promise.all(failing.map(stop)));

    function failed(name: (typeof failing)[number], ...words: readonly string[]): void {
      const { code, stderr = '' } = outcomes.get(name) ?? {};
      expect(code, stderr).to.equal(5);
      for (const word of [...words, `see \`weaverd logs ${name} --level error\``])
        expect(stderr).to.contain(word);
    }

    it('that throws while it is loaded: deploy and log name the error and its place', async () => {
      failed('throws-at-load', 'failed in Clock-0', 'Error: DATABASE_URL is not set');
      const logs = await daemon.must('logs', 'throws-at-load', '--level', 'error');
      expect(logs).to.contain('at main.ts:12:');
    });

    it('with a component that cannot start: deploy names it, status shows why', async () => {
      failed('throws-at-start', 'failed in Ledger-0', 'Ledger: the ledger file is missing');
      const { code, stdout } = await daemon.run('status', 'throws-at-start');
      expect([code, stdout.includes('the ledger file is missing')]).to.deep.equal([5, true]);
      expect((await replica('throws-at-start', 'Clock-0')).state, 'the others serve').to.equal('serving');
    });

    it('whose main throws is not said to serve', () => {
      failed('main-throws', 'failed in main-0', 'main: the year is not to my liking');
    });

    it('that crashes after it served, again and again: a crash loop in status and events', async () => {
      failed('crashes-after-serving', 'failed in Fragile-0', 'Error: the lease was lost');
      await eventually(
        'the loop is told',
        async () =>
          /crashes-after-serving replica-crash-loop Fragile-0: \d+ crashes in a row.*the lease was lost/.test(
            await events(),
          ) || undefined,
      );
      const { restarts, lastFailure } = await replica('crashes-after-serving', 'Fragile-0');
      expect(restarts).to.be.at.least(4);
      expect(lastFailure).to.equal('exited with code 1: Error: the lease was lost');
    });
  });

  it('a start() that never resolves, and kill -9 of the daemon in the middle of that deployment', async () => {
    const deploying = daemon.run('deploy', fixture('never-starts'));
    const { pid } = await eventually('it is starting', async () => {
      const waiter = await replica('never-starts', 'Waiter-0');
      return waiter.state === 'starting' && waiter.pid !== undefined ? waiter : undefined;
    });
    await daemon.kill('SIGKILL');
    const { code, stderr } = await deploying;
    expect([code, stderr]).to.satisfy(() => code === 3 && /went away/.test(stderr), stderr);
    expect(stderr).to.contain('weaverd start');
    expect(await ask('/fine'), 'without a daemon').to.deep.equal({ value: 1 });

    await daemon.restart();
    const again = await daemon.run('deploy', fixture('never-starts'), '--timeout', '3s');
    expect(again.code).to.equal(5);
    expect(again.stderr).to.contain('still waiting for Waiter').and.to.contain('--timeout');
    expect((await replica('never-starts', 'Waiter-0')).pid, 'ADOPT').to.equal(pid);
    await eventually(
      'the log says which start() it is',
      async () =>
        (await daemon.must('logs', 'never-starts')).includes('start() of Waiter has not resolved') ||
        undefined,
    );
    await stop('never-starts');
  });

  it('a second daemon on the same state folder', async () => {
    for (const args of [['start'], ['start', '--detach']]) {
      const { code, stderr } = await daemon.run(...args);
      expect(code).to.equal(1);
      expect(stderr)
        .to.contain(`pid ${daemon.pid}`)
        .and.to.contain(daemon.stateFolder)
        .and.to.contain('weaverd shutdown');
    }
  });

  it('a port that is taken, until it is free; then a stored artifact whose bytes were altered', async () => {
    const port = await freePort();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
    const manifest = join(folder, 'catalog.toml');
    const entry = JSON.stringify(fixture('catalog/main.ts'));
    await writeFile(manifest, `name = "catalog"\nentry = ${entry}\n[listeners.shop]\nport = ${port}\n`);
    const { code, stderr } = await daemon.run('deploy', manifest);
    expect(code).to.equal(5);
    expect(stderr)
      .to.contain(`port ${port} on 127.0.0.1 is taken by another process`)
      .and.to.contain('choose another [listeners.shop] port in weaver.toml');
    await new Promise((resolve) => squatter.close(resolve));
    const shop = `http://127.0.0.1:${port}`;
    await eventually('it takes the port', async () => (await fetch(shop)).ok || undefined);

    const { version } = await app('catalog');
    const stored = join(stateLayout(daemon.stateFolder).artifactsFolder, version, 'app.mjs');
    const sound = await readFile(stored);
    await appendFile(stored, 'altered');
    const again = await daemon.run('deploy', manifest);
    expect(again.code, again.stderr).to.equal(0);
    expect(again.stderr).to.contain('uploading app.mjs');
    expect(await readFile(stored)).to.deep.equal(sound);
    await stop('catalog');
  });

  it('values that violate their types, messages too large, a cycle of calls: each named where it was made', async () => {
    const before = (await ask('/adds')).value;
    const mistakes: Readonly<Record<string, Answer>> = {
      '/bad-argument': { code: 'INVALID_ARGUMENT', executed: 'no' },
      '/bad-result': { code: 'INVALID_RESULT', executed: 'yes' },
      '/oversize': { code: 'MESSAGE_TOO_LARGE', executed: 'no' },
      '/oversize-result': { code: 'MESSAGE_TOO_LARGE', executed: 'yes' },
    };
    const messages: Record<string, string | undefined> = {};
    for (const [path, expected] of Object.entries(mistakes)) {
      const answer = await ask(path);
      expect(answer, path).to.include({ ...expected, name: 'RemoteCallError' });
      messages[path] = answer.message;
    }
    expect(messages['/bad-argument'])
      .to.match(/^Store\.add/)
      .and.to.contain('argument item.quantity: expected number, got string "2"');
    expect(messages['/bad-result']).to.match(/^Store\.wrong.*total: expected number, got string "seven"/);
    expect(messages['/oversize']).to.match(/^Store\.length.*larger than 16 MiB: .*as a stream/);
    // Whichever bound is reached first: its time, or the calls in flight.
    const cycle = await ask('/cycle');
    expect(cycle.code).to.be.oneOf(['DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED']);
    expect(cycle.message).to.match(/^P[io]ng\.p[io]ng/);
    expect((await ask('/adds')).value, 'the bad argument never arrived').to.equal(before);
    expect(await ask('/long-argument')).to.deep.equal({ value: 100_000 });
  });

  it('a handshake of another version is refused, and counted where one can see it', async () => {
    const { address } = await replica('faults', 'Store-0');
    if (address?.kind !== 'unix') throw new Error('proclets serve on Unix sockets');
    const spec = JSON.parse(await readFile(join(dirname(address.path), 'spec.json'), 'utf8')) as ProcletSpec;
    const refusal = await connect(address, {
      identity: { ...spec, replica: 'main-0', group: 'main', version: '0123456789abcdef' },
      expect: spec,
      token: spec.token,
    }).catch((reason: unknown) => reason);
    expect(refusal).to.include({ code: 'VERSION_MISMATCH', executed: 'no' });
    await eventually(
      'it is counted',
      async () => (await replica('faults', 'Store-0')).handshakesRefused.version === 1 || undefined,
    );
  });

  it('garbage, frames cut short, half-open connections and slow requests, on every socket there is', async () => {
    const { apiSocket, controlSocket, ingressSocket } = stateLayout(daemon.stateFolder);
    const sockets = (await app('faults')).groups
      .flatMap(({ replicas }) => replicas)
      .flatMap(({ address, listeners }) => [address, ...listeners.map((listener) => listener.address)])
      .flatMap((address) => (address?.kind === 'unix' ? [address.path] : []));
    const silent: Socket[] = [];
    for (const target of [apiSocket, controlSocket, ingressSocket, publicPort(), ...sockets]) {
      silent.push(await connected(target));
      for (const bytes of GARBAGE) await sendAndHangUp(target, bytes);
    }
    expect(await ask('/fine'), 'beside them').to.deep.equal({ value: 1 });
    const huge = await fetch(url, { headers: { 'x-huge': 'a'.repeat(1_000_000) } });
    expect(huge.status).to.equal(431);
    expect(await loris.answer, 'the slow request is told to go in the end').to.match(/^HTTP\/1\.1 408 /);
    for (const socket of silent) socket.destroy();
    expect((await daemon.status()).pid, 'the same daemon').to.equal(daemon.pid);
  });

  it('a component that blocks its event loop for ever: it is killed, with the likely reason, and started again', async () => {
    const blocked = await replica('faults', 'Store-0');
    const call = await ask('/block');
    expect(call).to.include({ name: 'RemoteCallError', executed: 'unknown' });
    const next = await eventually(
      'its successor serves',
      async () => {
        const now = await replica('faults', 'Store-0');
        return now.generation > blocked.generation && now.state === 'serving' ? now : undefined;
      },
      60_000,
    );
    expect(next.lastFailure).to.contain('no sign of life').and.to.contain('block the event loop');
    expect(await events()).to.contain('faults replica-killed Store-0: no sign of life');
    expect(await pidsOfFaults()).to.deep.equal(pids.map((pid) => (pid === blocked.pid ? next.pid : pid)));
    pids = await pidsOfFaults();
  });

  it('a full disk: a deployment is refused by name, what runs goes on, and all is well when there is space', async () => {
    if (disk === undefined)
      throw new Error(
        'this test fills a disk of its own: run it where a tmpfs may be mounted, such as as root',
      );
    disk.fill();
    const { code, stderr } = await daemon.run('deploy', fixture('catalog'));
    expect(code).to.equal(1);
    expect(stderr).to.contain('the disk is full').and.to.contain('free some space');
    expect(await ask('/fine')).to.deep.equal({ value: 1 });
    disk.free();
    await daemon.must('deploy', fixture('catalog'));
  });
});
