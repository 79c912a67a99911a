import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  apiSocketOf,
  MAX_SOCKET_NAME_BYTES,
  prepareStateFolder,
  runtimeFolder,
  StateFolderError,
  stateLayout,
} from './state-folder.js';

describe('state folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weaverd-state-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('keeps its sockets inside while their paths are short enough', () => {
    expect(runtimeFolder('/var/lib/weaverd')).to.equal('/var/lib/weaverd/run');
    expect(apiSocketOf('/var/lib/weaverd')).to.equal('/var/lib/weaverd/run/api.sock');
    for (let length = 1; length < 150; length++) {
      const run = runtimeFolder(`/${'x'.repeat(length)}`);
      expect(run.length + 1 + MAX_SOCKET_NAME_BYTES).to.be.lessThan(104);
    }
  });

  it('has another short runtime folder for each long state folder', () => {
    const long = `/${'x'.repeat(150)}`;
    expect(runtimeFolder(long)).to.match(/weaverd-\d+-[0-9a-f]{12}$/);
    expect(runtimeFolder(long)).to.equal(runtimeFolder(`${long}/`));
    expect(runtimeFolder(long)).to.not.equal(runtimeFolder(`${long}y`));
  });

  it('makes its folders private', async () => {
    const layout = stateLayout(join(folder, 'deep', 'state'));
    await prepareStateFolder(layout);
    await prepareStateFolder(layout);
    for (const path of [layout.stateFolder, layout.runtimeFolder])
      expect((await stat(path)).mode & 0o777).to.equal(0o700);
  });

  it('refuses a state folder that is a file', async () => {
    const path = join(folder, 'file');
    await writeFile(path, '');
    const outcome = await prepareStateFolder(stateLayout(path)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(outcome).to.be.instanceOf(StateFolderError);
    expect(String(outcome)).to.contain(path).and.to.contain('--state');
  });
});
