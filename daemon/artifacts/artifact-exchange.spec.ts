import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type AppDescription, artifactVersion } from '../../sdk/protocol/app-description.js';
import { LocalBus } from '../bus/local-bus.js';
import { ArtifactExchange } from './artifact-exchange.js';
import { ArtifactStore } from './artifact-store.js';

const bundle = Buffer.from('console.log("hello");');
const unversioned: Omit<AppDescription, 'version'> = {
  format: 1,
  app: 'hello',
  builtWith: '0.1.0',
  components: [],
  hasMain: true,
  listeners: [],
};
const version = artifactVersion(bundle, unversioned);
const files: readonly (readonly [string, Uint8Array])[] = [
  ['app.mjs', bundle],
  ['app.mjs.map', Buffer.from('{}')],
  ['schemas.json', Buffer.from('{}')],
  ['app.json', Buffer.from(JSON.stringify({ ...unversioned, version }))],
];

describe('artifact exchange', () => {
  let folder: string;
  let bus: LocalBus;
  let here: ArtifactStore;
  let there: ArtifactStore;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weaverd-exchange-'));
    bus = await LocalBus.open({ folder: join(folder, 'bus'), report: () => undefined });
    here = new ArtifactStore(join(folder, 'here'));
    there = new ArtifactStore(join(folder, 'there'));
    for (const [name, bytes] of files) await here.upload(version, name, [bytes]);
  });
  afterEach(async () => {
    await bus.close();
    await rm(folder, { recursive: true });
  });

  const failure = (promise: Promise<unknown>) =>
    promise.then(
      () => 'nothing',
      (reason: Error & { code: string }) => reason.code,
    );

  it('brings a version that one host offers to another, whole', async () => {
    await new ArtifactExchange(bus, here).offer(version);
    await new ArtifactExchange(bus, there).fetch(version);
    expect(await there.describe(version)).to.deep.include({ app: 'hello', version });
    for (const [name, bytes] of files)
      expect(Buffer.from((await there.read(version, name)) ?? [])).to.deep.equal(Buffer.from(bytes));
  });

  it('offers a version once, whoever has it', async () => {
    await new ArtifactExchange(bus, here).offer(version);
    await new ArtifactExchange(bus, here).offer(version);
    await new ArtifactExchange(bus, there).offer(version);
    expect((await bus.store('artifacts').keys()).length).to.equal(1);
  });

  it('names a version that nobody offers, and one that is not wholly here', async () => {
    expect(await failure(new ArtifactExchange(bus, there).fetch(version))).to.equal('NOT_OFFERED');
    expect(await failure(new ArtifactExchange(bus, there).offer(version))).to.equal('INCOMPLETE');
  });

  it('takes nothing that is not what it says, and fetches it when it is offered anew', async () => {
    await new ArtifactExchange(bus, here).offer(version);
    const digest = createHash('sha256').update(bundle).digest('hex');
    const blobs = join(folder, 'bus', 'blobs');
    const blob = (await readdir(blobs, { recursive: true })).find((name) => name.includes(digest));
    await writeFile(join(blobs, blob ?? ''), 'something else');
    expect(await failure(new ArtifactExchange(bus, there).fetch(version))).to.equal('CORRUPT');
    expect(await there.describe(version)).to.equal(undefined);
    await new ArtifactExchange(bus, here).offer(version); // which a host that has it does every now and then
    await new ArtifactExchange(bus, there).fetch(version);
    expect(await there.describe(version)).to.deep.include({ version });
  });

  it('minds an entry of the store that is no offer, or one of forged files', async () => {
    await bus.store('artifacts').put(version, { files: 'none' });
    expect(await failure(new ArtifactExchange(bus, there).fetch(version))).to.equal('NOT_OFFERED');
    const forged = await bus.blobs.put(Buffer.from('console.log("evil");'));
    const description = await bus.blobs.put(files[3]?.[1] ?? bundle);
    await bus.store('artifacts').put(version, {
      files: [
        { name: 'app.mjs', digest: forged },
        { name: 'app.json', digest: description },
      ],
    });
    expect(await failure(new ArtifactExchange(bus, there).fetch(version))).to.equal('DIGEST_MISMATCH');
    expect(await there.describe(version)).to.equal(undefined);
  });

  it('is withdrawn with its files', async () => {
    const exchange = new ArtifactExchange(bus, here);
    await exchange.offer(version);
    await exchange.withdraw(version);
    await exchange.withdraw(version);
    expect(await failure(new ArtifactExchange(bus, there).fetch(version))).to.equal('NOT_OFFERED');
    await exchange.offer(version);
    await new ArtifactExchange(bus, there).fetch(version);
  });
});
