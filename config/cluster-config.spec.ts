import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type ClusterConfig, clusterConfigSchema, readClusterConfig } from './cluster-config.js';

const SECRET = 'x'.repeat(48);

describe('cluster configuration', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weaverd-cluster-config-'));
    await writeFile(join(folder, 'key'), `${SECRET}\n`, { mode: 0o600 });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const read = (given: object): Promise<ClusterConfig> =>
    readClusterConfig(
      clusterConfigSchema.parse({ address: '10.0.0.1', secretFile: 'key', ...given }),
      'weaverd.toml',
      folder,
    );
  const refusal = (given: object) =>
    read(given).then(
      () => 'taken',
      (reason: Error) => reason.message,
    );

  it('needs an address and a secret only', async () => {
    expect(await read({})).to.deep.equal({
      name: 'weaverd',
      address: '10.0.0.1',
      secret: SECRET,
      secretFile: join(folder, 'key'),
      labels: {},
      capacity: { cpus: availableParallelism(), memoryBytes: totalmem(), maxReplicas: 200 },
    });
  });

  it('takes labels and a capacity', async () => {
    const given = { labels: { zone: 'a' }, capacity: { cpus: 1.5, memory: '2GiB', maxReplicas: 4 } };
    expect(await read(given)).to.deep.include({
      labels: { zone: 'a' },
      capacity: { cpus: 1.5, memoryBytes: 2 * 1024 ** 3, maxReplicas: 4 },
    });
  });

  it('refuses a secret that is short, missing, or open to others, with the mend', async () => {
    await writeFile(join(folder, 'short'), 'x', { mode: 0o600 });
    expect(await refusal({ secretFile: 'short' }))
      .to.contain('fewer than 32 bytes')
      .and.to.contain('openssl');
    expect(await refusal({ secretFile: 'none' }))
      .to.contain('ENOENT')
      .and.to.contain('another host');
    await chmod(join(folder, 'key'), 0o640);
    expect(await refusal({})).to.contain('may be read by others; chmod 600');
    await writeFile(join(folder, 'large'), 'x'.repeat(5000), { mode: 0o600 });
    expect(await refusal({ secretFile: 'large' })).to.contain('larger than 4096');
  });

  it('never shows the secret', async () => {
    await chmod(join(folder, 'key'), 0o644);
    expect(await refusal({})).not.to.contain(SECRET);
  });
});
