import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { folderObstacle, makeFolder } from './make-folder.js';

describe('makeFolder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wf-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('makes the folders above it, is content with one that is there, and keeps others out', async () => {
    await makeFolder(join(folder, 'a/b/c'));
    await makeFolder(join(folder, 'a/b/c'));
    for (const path of ['a', 'a/b', 'a/b/c'])
      expect((await stat(join(folder, path))).mode & 0o777).to.equal(0o700);
    await makeFolder('/');
  });

  it('says in words what is in the way', async () => {
    await writeFile(join(folder, 'file'), '');
    expect(await obstacle(join(folder, 'file'))).to.equal('a file of that name is there');
    expect(await obstacle(join(folder, 'file/x'))).to.equal('what should be a folder above it is a file');
    expect(await obstacle(join(folder, 'file/x/y'))).to.equal('what should be a folder above it is a file');
  });

  it('comes to an end where nobody can make a folder', async () => {
    if (!existsSync('/proc/self')) return;
    expect(await obstacle('/proc/weaverd/state')).to.contain('ENOENT');
  });
});

function obstacle(path: string): Promise<string> {
  return makeFolder(path).then(() => 'none', folderObstacle);
}
