import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { fakeEnvironment } from '../spec-support/fake-environment.js';
import { resolveStateFolder } from './state-folder.js';

describe('resolveStateFolder', () => {
  let home: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'weaverd-home-'));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  const resolved = (flag: string | undefined, env: NodeJS.ProcessEnv = {}) =>
    resolveStateFolder(flag, fakeEnvironment({ cwd: '/here', env: { HOME: home, ...env } }));

  it('takes --state, else WEAVERD_STATE, else the default', async () => {
    expect(await resolved('a', { WEAVERD_STATE: '/b' })).to.equal('/here/a');
    expect(await resolved(undefined, { WEAVERD_STATE: '/b' })).to.equal('/b');
    expect(await resolved(undefined)).to.equal(join(home, '.local/state/weaverd'));
  });

  it('finds the folder of a daemon whose default configuration names it', async () => {
    await mkdir(join(home, '.config/weaverd'), { recursive: true });
    await writeFile(join(home, '.config/weaverd/weaverd.toml'), 'stateFolder = "/srv/weaverd"');
    expect(await resolved(undefined)).to.equal('/srv/weaverd');
  });
});
