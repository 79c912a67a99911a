import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { epochOf, NO_EPOCH } from '../leader/epoch.js';
import { ClusterMemory } from './cluster-memory.js';
import { MAX_TOMBSTONES, type MemoryEntry, tombstone } from './memory-entry.js';

function entry(key: string, change: number): MemoryEntry {
  return { bucket: 'apps', key, value: { app: key, change } };
}

describe('ClusterMemory', () => {
  let folder: string;
  let damaged: string[];
  let problem: string | undefined;
  let installations: number;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weaverd-memory-'));
    damaged = [];
    problem = undefined;
    installations = 0;
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  function open(): Promise<ClusterMemory> {
    return ClusterMemory.open({
      folder,
      newInstallation: () => `installation ${++installations}`,
      damaged: (what) => damaged.push(what),
      onProblem: (what) => {
        problem = what;
      },
    });
  }

  it('has after a restart what it had: records, tombstones, the epoch and the installation', async () => {
    const memory = await open();
    expect([memory.highestEpoch, memory.entries(), memory.installation]).to.deep.equal([
      NO_EPOCH,
      [],
      'installation 1',
    ]);
    await memory.remember([entry('shop', 3), { bucket: 'apps', key: 'blog', value: tombstone(2, 5) }]);
    await memory.raise(epochOf(4, 7), 'a');
    const next = await open();
    expect(next.entries()).to.deep.equal([
      { bucket: 'apps', key: 'blog', value: { tombstone: true, change: 2, removedAt: 5 } },
      entry('shop', 3),
    ]);
    expect([next.highestEpoch, next.leader, next.installation]).to.deep.equal([
      epochOf(4, 7),
      'a',
      'installation 1',
    ]);
    expect(next.summary()).to.deep.equal(memory.summary());
  });

  it('takes only what is newer, and no lower epoch', async () => {
    const memory = await open();
    await memory.remember([entry('shop', 3)]);
    await memory.remember([
      { bucket: 'apps', key: 'shop', value: { other: true, change: 3 } },
      entry('shop', 2),
    ]);
    await memory.raise(epochOf(4, 7), 'a');
    await memory.raise(epochOf(3, 9), 'a');
    expect([memory.entries(), memory.highestEpoch]).to.deep.equal([[entry('shop', 3)], epochOf(4, 7)]);
    await memory.remember([{ bucket: 'apps', key: 'shop', value: tombstone(4, 1) }]);
    await memory.remember([entry('shop', 3)]);
    expect(memory.value({ bucket: 'apps', key: 'shop' })).to.deep.equal(tombstone(4, 1));
  });

  it('sets a damaged file aside, says so, and still knows the epoch by the other one', async () => {
    const memory = await open();
    await memory.raise(epochOf(4, 7), 'a');
    await memory.remember([entry('shop', 3)]);
    const text = await readFile(join(folder, 'epoch.memory'), 'utf8');
    await writeFile(join(folder, 'epoch.memory'), text.replace('4', '5'));
    const next = await open();
    expect(damaged).to.have.length(1);
    expect(damaged[0]).to.include('epoch.memory.damaged');
    expect(await readdir(folder)).to.include('epoch.memory.damaged');
    expect([next.highestEpoch, next.entries()]).to.deep.equal([epochOf(4, 7), [entry('shop', 3)]]);
  });

  it('begins anew over any damage of the records', async () => {
    const memory = await open();
    await memory.remember([entry('shop', 3)]);
    const path = join(folder, 'desired.memory');
    const sound = await readFile(path, 'utf8');
    for (const text of ['', 'rubbish', sound.slice(0, -20), sound.replace('shop', 'shot'), `x${sound}`]) {
      await writeFile(path, text);
      expect((await open()).entries()).to.deep.equal([]);
      await writeFile(path, sound);
      expect((await open()).entries()).to.deep.equal([entry('shop', 3)]);
    }
    expect(damaged).to.have.length(5);
  });

  it('resolves each of many changes when it is on disk', async () => {
    const memory = await open();
    const changes = Array.from({ length: 200 }, (_, index) => memory.remember([entry('shop', index + 1)]));
    await changes[199];
    expect((await open()).entries()).to.deep.equal([entry('shop', 200)]);
    await memory.idle();
    expect(await readdir(folder)).to.deep.equal(['desired.memory']);
  });

  it('names the file that cannot be written, remembers meanwhile, and writes it later', async () => {
    const memory = await open();
    await rm(folder, { recursive: true });
    const reason: unknown = await memory.remember([entry('shop', 3)]).catch((thrown: unknown) => thrown);
    expect(reason).to.be.instanceOf(Error);
    expect(problem).to.include('desired.memory');
    expect(memory.entries()).to.deep.equal([entry('shop', 3)]);
    await mkdir(folder);
    await memory.remember([entry('blog', 1)]);
    expect(problem).to.equal(undefined);
    expect((await open()).entries()).to.deep.equal([entry('blog', 1), entry('shop', 3)]);
  });

  it('gives the contents that were asked for, as far as they fit', async () => {
    const memory = await open();
    await memory.remember([entry('a', 1), entry('b', 1)]);
    const ids = ['b', 'none', 'a'].map((key) => ({ bucket: 'apps', key }));
    expect(memory.contents(ids, 1000)).to.deep.equal([entry('b', 1), entry('a', 1)]);
    expect(memory.contents(ids, 60)).to.deep.equal([entry('b', 1)]);
  });

  it('forgets the oldest tombstones beyond its bound', async () => {
    const memory = await open();
    await memory.remember(
      Array.from({ length: MAX_TOMBSTONES + 5 }, (_, index) => ({
        bucket: 'apps',
        key: `app${index}`,
        value: tombstone(1, index),
      })),
    );
    expect(memory.entries()).to.have.length(MAX_TOMBSTONES);
    expect(memory.value({ bucket: 'apps', key: 'app4' })).to.equal(undefined);
    expect(memory.value({ bucket: 'apps', key: 'app5' })).to.not.equal(undefined);
  });
});
