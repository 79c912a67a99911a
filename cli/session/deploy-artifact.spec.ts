import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { appManifestSchema } from '../../config/app-manifest.js';
import type { DeployRequest } from '../../daemon/api/api-types.js';
import { type AppDescription, ARTIFACT_FILES } from '../../sdk/protocol/app-description.js';
import { type ArtifactTarget, deployArtifact } from './deploy-artifact.js';

const description: AppDescription = {
  format: 1,
  app: 'shop',
  version: 'v1',
  builtWith: '0.1.0',
  components: [],
  hasMain: true,
  listeners: [],
};

describe('deployArtifact', () => {
  let folder: string;
  const manifest = appManifestSchema.parse({ name: 'shop' });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weaverd-artifact-'));
    for (const file of Object.values(ARTIFACT_FILES))
      await writeFile(join(folder, file), `content of ${file}`);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function deployed(
    known: boolean,
  ): Promise<{ readonly uploads: readonly string[]; readonly deploys: readonly DeployRequest[] }> {
    const uploads: string[] = [];
    const deploys: DeployRequest[] = [];
    const target: ArtifactTarget = {
      artifact: async () => (known ? description : undefined),
      uploadArtifactFile: async (version, file, bytes) =>
        void uploads.push(`${version} ${file}: ${Buffer.from(bytes)}`),
      deploy: async (request) => {
        deploys.push(request);
        return { app: 'shop', version: request.version, unchanged: known };
      },
    };
    await deployArtifact(target, { version: 'v1', folder, manifest }, () => {});
    return { uploads, deploys };
  }

  it('uploads all files, and the description last, which seals the version', async () => {
    const { uploads, deploys } = await deployed(false);
    expect(uploads).to.have.length(4);
    expect(uploads[0]).to.equal('v1 app.mjs: content of app.mjs');
    expect(uploads.at(-1)).to.equal('v1 app.json: content of app.json');
    expect(deploys).to.deep.equal([{ version: 'v1', manifest }]);
  });

  it('uploads nothing that the daemon has', async () => {
    const { uploads, deploys } = await deployed(true);
    expect(uploads).to.deep.equal([]);
    expect(deploys).to.have.length(1);
  });
});
