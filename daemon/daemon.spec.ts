import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { type AppDescription, artifactVersion } from '../sdk/protocol/app-description.js';
import type { ApiError } from './api/api-error.js';
import { ApiClient } from './api/client.js';
import { type RunningDaemon, startDaemon } from './daemon.js';
import type { ReplicaSinks } from './envelope/replica-sinks.js';
import { FakeIngress } from './manager/spec-support/fake-ingress.js';
import { FakeReplicaHost } from './manager/spec-support/fake-replica-host.js';
import { sampleDescription } from './manager/spec-support/sample-app.js';
import { FolderLockedError } from './state/folder-lock.js';

const bundle = Buffer.from('export {};');

function described(change: Partial<AppDescription> = {}): AppDescription {
  const { version: _, ...description } = sampleDescription('', change);
  return { ...description, version: artifactVersion(bundle, description) };
}

describe('daemon', () => {
  let folder: string;
  let daemon: RunningDaemon;
  let client: ApiClient;
  let host: FakeReplicaHost;
  let ingress: FakeIngress;
  let advancing: NodeJS.Timeout;
  let sinks: ReplicaSinks;

  const start = () => {
    host = new FakeReplicaHost();
    ingress = new FakeIngress();
    return startDaemon({
      stateFolder: folder,
      hostName: 'h1',
      onLog: () => undefined,
      createReplicaHost: async (options) => {
        sinks = options.sinks;
        return host;
      },
      createIngress: async () => ingress,
    });
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wd-'));
    daemon = await start();
    client = new ApiClient(folder);
    advancing = setInterval(() => host.advance(), 10);
  });
  afterEach(async () => {
    clearInterval(advancing);
    client.close();
    await daemon.close({ stopProclets: false });
    await rm(folder, { recursive: true });
  });

  async function upload(description: AppDescription): Promise<void> {
    await client.uploadArtifactFile(description.version, 'app.mjs', bundle);
    await client.uploadArtifactFile(
      description.version,
      'app.json',
      Buffer.from(JSON.stringify(description)),
    );
  }

  async function until(state: string): Promise<void> {
    for (;;) {
      const { apps } = await client.status();
      if (apps[0]?.state === state) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  const failure = (promise: Promise<unknown>) =>
    promise.then(
      () => expect.fail('it was not refused'),
      (reason: unknown) => reason as ApiError,
    );

  it('deploys what was uploaded, over its API', async () => {
    const description = described();
    expect(await client.artifact(description.version)).to.equal(undefined);
    await upload(description);
    expect(await client.artifact(description.version)).to.deep.equal(description);
    expect(await client.deploy({ version: description.version, manifest: {} })).to.deep.equal({
      app: 'shop',
      version: description.version,
      unchanged: false,
    });
    await until('serving');
    expect((await client.app('shop')).groups).to.have.length(6);
    expect(await client.history('shop')).to.have.length(1);
    const { pid, host: name, stateFolder, problems, daemon: load } = await client.status();
    expect([pid, name, stateFolder, problems]).to.deep.equal([process.pid, 'h1', folder, []]);
    expect(load.rssBytes).to.be.greaterThan(0);
    await client.stop('shop', { remove: false });
    await until('stopped');
  });

  it('refuses by name what cannot be deployed', async () => {
    const description = described();
    const refusal = await failure(client.deploy({ version: description.version, manifest: {} }));
    expect(refusal).to.include({ status: 404, code: 'NO_SUCH_ARTIFACT' });
    await upload(description);
    expect(
      await failure(
        client.deploy({ version: description.version, manifest: { colocate: [['Crat', 'Cart']] } }),
      ),
    ).to.include({ status: 422, code: 'INVALID_MANIFEST' });
    expect(await failure(client.deploy({ version: '../..', manifest: {} }))).to.include({
      code: 'INVALID_NAME',
    });
    expect(
      await failure(client.uploadArtifactFile('0123456789abcdef', 'app.json', Buffer.from('{}'))),
    ).to.include({ code: 'INVALID_DESCRIPTION' });
    expect(await failure(client.stop('none', { remove: false }))).to.include({ code: 'NO_SUCH_APP' });
    expect(await failure(client.app('none'))).to.include({ code: 'NO_SUCH_APP' });
  });

  it('has what was desired after a restart', async () => {
    const description = described();
    await upload(description);
    await client.deploy({ version: description.version, manifest: {} });
    await until('serving');
    await daemon.close({ stopProclets: false });
    expect(host.closedWith).to.deep.equal({ stopProclets: false });
    expect(ingress.closedWith).to.deep.equal({ stop: false });
    expect(host.observed()).to.have.length(6);
    daemon = await start();
    await until('serving');
    expect((await client.app('shop')).version).to.equal(description.version);
  });

  it('stops its proclets when asked to, in order, and answers meanwhile', async () => {
    const description = described();
    await upload(description);
    await client.deploy({ version: description.version, manifest: {} });
    await until('serving');
    await client.shutdown({ stopProclets: true });
    await until('stopping');
    await daemon.closed;
    expect(host.observed()).to.deep.equal([]);
    expect(host.drained[0]).to.contain('Frontend-0');
    expect(ingress.closedWith).to.deep.equal({ stop: true });
    expect(await failure(client.status())).to.include({ code: 'NO_DAEMON' });
  });

  it('forgets the log of an app that was removed', async () => {
    const description = described();
    await upload(description);
    await client.deploy({ version: description.version, manifest: {} });
    await until('serving');
    const { version } = description;
    const line = { time: 1, level: 30, component: 'Cart', message: 'hello', fields: {}, version };
    sinks.onLog({ ...line, app: 'shop', replica: 'Cart-0', source: 'log' });
    sinks.onLog({ ...line, app: 'other', replica: 'Cart-0', source: 'log' });
    await client.stop('shop', { remove: true });
    const apps = async () => {
      const found: string[] = [];
      for await (const item of client.logs({})) if ('sequence' in item) found.push(item.app);
      return found;
    };
    while ((await apps()).includes('shop')) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await apps()).to.deep.equal(['other']);
    await daemon.close({ stopProclets: false });
    expect(await readdir(join(folder, 'logs'))).to.deep.equal(['other.jsonl']);
    daemon = await start();
  });

  it('is alone on its state folder', async () => {
    const refusal = await failure(start());
    expect(refusal).to.be.instanceOf(FolderLockedError);
    expect(refusal.message).to.contain(`pid ${process.pid}`).and.to.contain(folder);
    expect((await client.status()).host).to.equal('h1');
  });

  it('leaves nothing open when it cannot start', async () => {
    await daemon.close({ stopProclets: false });
    const refusal = await failure(
      startDaemon({
        stateFolder: folder,
        hostName: 'h1',
        onLog: () => undefined,
        createReplicaHost: async () => {
          throw new Error('planted');
        },
      }),
    );
    expect(refusal.message).to.equal('planted');
    daemon = await start();
    expect((await stat(daemon.apiSocket)).isSocket()).to.equal(true);
    expect(await readdir(folder)).to.include('store');
  });

  it('leaves no runtime folder behind when nothing runs any more', async () => {
    const runtime = dirname(daemon.apiSocket);
    await daemon.close({ stopProclets: true });
    expect(existsSync(runtime)).to.equal(false);
    daemon = await start();
    expect(existsSync(runtime)).to.equal(true);
  });

  it('names a full disk when it cannot start for that', async () => {
    await daemon.close({ stopProclets: false });
    const refusal = await failure(
      startDaemon({
        stateFolder: folder,
        hostName: 'h1',
        onLog: () => undefined,
        createReplicaHost: async () => {
          throw Object.assign(new Error('planted'), { code: 'ENOSPC' });
        },
      }),
    );
    expect(refusal.message).to.contain('disk is full').and.to.contain(folder);
  });

  it('tells events as they come', async () => {
    const description = described();
    await upload(description);
    const kinds: string[] = [];
    const controller = new AbortController();
    const following = (async () => {
      for await (const { kind } of client.events({ follow: true }, controller.signal)) {
        kinds.push(kind);
        if (kind === 'version-serving') break;
      }
    })();
    await client.deploy({ version: description.version, manifest: {} });
    await following;
    controller.abort();
    expect(kinds).to.include.members(['deployed', 'version-serving']);
  });
});
