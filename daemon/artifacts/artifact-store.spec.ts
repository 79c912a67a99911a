import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { type AppDescription, artifactVersion } from '../../sdk/protocol/app-description.js';
import { ArtifactError, type ArtifactErrorCode } from './artifact-error.js';
import { ArtifactStore } from './artifact-store.js';

const bundle = Buffer.from('console.log("hello");');
const unversioned: Omit<AppDescription, 'version'> = {
  format: 1,
  app: 'hello',
  builtWith: '0.1.0',
  components: [{ name: 'Greeter', methods: [], references: [], declaredAt: 'main.ts:3' }],
  hasMain: true,
  listeners: [],
};
const version = artifactVersion(bundle, unversioned);
const description: AppDescription = { ...unversioned, version };

describe('artifact store', () => {
  let folder: string;
  let store: ArtifactStore;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weaverd-artifacts-'));
    store = new ArtifactStore(folder);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const upload = (file: string, content: Uint8Array | string, as = version) =>
    store.upload(as, file, Readable.from([Buffer.from(content)]));

  it('has a version once app.json sealed it', async () => {
    expect(await store.describe(version)).to.equal(undefined);
    await upload('app.mjs', bundle);
    await upload('schemas.json', '{}');
    expect(await store.describe(version)).to.equal(undefined);
    await upload('app.json', JSON.stringify(description));
    expect(await store.describe(version)).to.deep.equal(description);
    expect(await readFile(store.bundlePath(version))).to.deep.equal(bundle);
    expect(await readdir(folder)).to.deep.equal([version]);
  });

  it('takes the same version again, also twice at once', async () => {
    const whole = async () => {
      await upload('app.mjs', bundle);
      await upload('app.json', JSON.stringify(description));
    };
    await whole();
    await whole();
    expect(await readdir(folder)).to.deep.equal([version]);
  });

  it('has a version no more whose bytes were altered, until it is uploaded again', async () => {
    await upload('app.mjs', bundle);
    await upload('app.json', JSON.stringify(description));
    const alterations: Readonly<Record<string, string>> = {
      'app.mjs': 'console.log("h',
      'app.json': '{"for',
    };
    for (const [file, altered] of Object.entries(alterations)) {
      await writeFile(join(folder, version, file), altered);
      expect(await store.describe(version), file).to.equal(undefined);
      await upload('app.mjs', bundle);
      await upload('app.json', JSON.stringify(description));
      expect(await store.describe(version), file).to.deep.equal(description);
      expect(await readFile(store.bundlePath(version))).to.deep.equal(bundle);
      expect(await readdir(folder)).to.deep.equal([version]);
    }
  });

  it('refuses what does not match its digest', async () => {
    await upload('app.mjs', Buffer.from('something else'));
    await refused(upload('app.json', JSON.stringify(description)), 'DIGEST_MISMATCH');
    expect(await store.describe(version)).to.equal(undefined);
  });

  it('refuses a description that comes first, or is none', async () => {
    await refused(upload('app.json', JSON.stringify(description)), 'INCOMPLETE');
    await upload('app.mjs', bundle);
    await refused(upload('app.json', '{'), 'INVALID_DESCRIPTION');
    const { message } = await refused(upload('app.json', '{"format":1}'), 'INVALID_DESCRIPTION');
    expect(message).to.contain('app');
  });

  it('refuses names that are none of its own, and leads nowhere else', async () => {
    for (const name of ['../app.mjs', 'x.mjs', '', '__proto__', 'app.mjs/..'])
      await refused(upload(name, 'x'), 'INVALID_NAME');
    for (const bad of ['../..', '', 'ABCDEF0123456789', `${version}0`]) {
      await refused(upload('app.mjs', 'x', bad), 'INVALID_NAME');
      await refused(store.describe(bad), 'INVALID_NAME');
    }
  });

  it('refuses a file that is too large, and keeps nothing of it', async () => {
    await refused(upload('app.json', Buffer.alloc(1024 * 1024)), 'TOO_LARGE');
    expect(await readdir(join(folder, `staging-${version}`))).to.deep.equal([]);
  });

  it('keeps nothing of an upload that broke off', async () => {
    async function* broken() {
      yield bundle;
      throw new Error('connection lost');
    }
    await refused(store.upload(version, 'app.mjs', broken()), 'STORAGE_FAILED');
    expect(await readdir(join(folder, `staging-${version}`))).to.deep.equal([]);
  });

  it('removes versions that are not used any more, and old uploads', async () => {
    await upload('app.mjs', bundle);
    await upload('app.json', JSON.stringify(description));
    await upload('app.mjs', 'x', '0123456789abcdef');
    const now = Date.now();
    expect(await store.removeAllBut(new Set(), now)).to.deep.equal([]);
    const later = now + 3_600_000;
    expect(await store.removeAllBut(new Set([version]), later)).to.deep.equal(['staging-0123456789abcdef']);
    expect(await store.removeAllBut(new Set(), later)).to.deep.equal([version]);
    expect(await readdir(folder)).to.deep.equal([]);
  });
});

async function refused(promise: Promise<unknown>, code: ArtifactErrorCode): Promise<ArtifactError> {
  const outcome = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(outcome).to.be.instanceOf(ArtifactError);
  expect((outcome as ArtifactError).code).to.equal(code);
  return outcome as ArtifactError;
}
