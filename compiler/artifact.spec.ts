import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { writeArtifact } from './artifact.js';

const files = { bundle: 'export {};', sourceMap: '{}', description: '{"a":1}', schemas: '{}' };

describe('writeArtifact', () => {
  let out: string;
  beforeEach(async () => {
    out = join(await mkdtemp(join(tmpdir(), 'weaverd-artifact-')), 'deep/out');
  });
  afterEach(() => rm(join(out, '../..'), { recursive: true, force: true }));

  it('writes all files into a folder named by the version, and leaves nothing else behind', async () => {
    const folder = await writeArtifact(out, 'abc', files);
    expect(folder).to.equal(join(out, 'abc'));
    expect((await readdir(folder)).sort()).to.deep.equal([
      'app.json',
      'app.mjs',
      'app.mjs.map',
      'schemas.json',
    ]);
    expect(await readFile(join(folder, 'app.json'), 'utf8')).to.equal(files.description);
    expect(await readdir(out)).to.deep.equal(['abc']);
  });

  it('leaves a folder with the same content as it is', async () => {
    const folder = await writeArtifact(out, 'abc', files);
    const { ino } = await stat(folder);
    await writeArtifact(out, 'abc', files);
    expect((await stat(folder)).ino).to.equal(ino);
  });

  it('replaces one whose content was altered', async () => {
    await writeArtifact(out, 'abc', files);
    await writeFile(join(out, 'abc/app.mjs'), 'altered');
    await writeArtifact(out, 'abc', files);
    expect(await readFile(join(out, 'abc/app.mjs'), 'utf8')).to.equal(files.bundle);
    expect(await readdir(out)).to.deep.equal(['abc']);
  });

  it('replaces an incomplete one', async () => {
    await mkdir(join(out, 'abc'), { recursive: true });
    await writeFile(join(out, 'abc/app.mjs'), 'half');
    await writeArtifact(out, 'abc', files);
    expect(await readFile(join(out, 'abc/app.mjs'), 'utf8')).to.equal(files.bundle);
    expect(await readdir(out)).to.deep.equal(['abc']);
  });

  it('may be called several times at once', async () => {
    const written = await Promise.all([1, 2, 3].map(() => writeArtifact(out, 'abc', files)));
    expect(new Set(written).size).to.equal(1);
    expect(await readdir(out)).to.deep.equal(['abc']);
  });
});
