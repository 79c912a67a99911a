import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { CheckedFile } from './checked-file.js';
import { diskFiles } from './durable-files.js';

describe('CheckedFile', () => {
  let folder: string;
  let file: CheckedFile;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weaverd-checked-file-'));
    file = new CheckedFile(join(folder, 'some.file'), diskFiles, () => undefined);
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('shares a write among the saves that come during one, and writes the newest last', async () => {
    let writes = 0;
    let newest = 0;
    const saves = Array.from({ length: 100 }, () => {
      newest++;
      return file.save(() => ({ writes: ++writes, newest }));
    });
    await Promise.all(saves);
    expect(writes).to.equal(2);
    expect(await file.read()).to.deep.equal({ kind: 'read', body: { format: 1, writes: 2, newest: 100 } });
  });

  it('never has two writes under way, however they are asked for', async () => {
    let count = 0;
    const again = async (times: number): Promise<void> => {
      if (times === 0) return;
      const save = file.save(() => ({ count: ++count }));
      await Promise.all([save, save.then(() => again(times - 1)), again(times - 1)]);
    };
    await again(5);
    await file.idle();
    expect(await file.read()).to.deep.include({ kind: 'read', body: { format: 1, count } });
  });

  it('says that it is absent, or of a format that it does not know', async () => {
    expect(await file.read()).to.deep.equal({ kind: 'absent' });
    await file.save(() => ({ format: 2 }));
    expect(await file.read()).to.deep.equal({ kind: 'damaged', keptAs: `${file.path}.damaged` });
    await writeFile(file.path, '');
    expect((await file.read()).kind).to.equal('damaged');
  });
});
