import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type FolderLock, FolderLockedError, lockFolder } from './folder-lock.js';

describe('folder lock', () => {
  let folder: string;
  let locks: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weaverd-lock-'));
    locks = join(folder, 'lock');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('refuses a second holder, naming the first, until it is released', async () => {
    const first = await lockFolder(locks, folder);
    const refusal = await failure(lockFolder(locks, folder));
    expect(refusal).to.be.instanceOf(FolderLockedError);
    expect(refusal.message)
      .to.contain(`pid ${process.pid}`)
      .and.to.contain(`\`weaverd shutdown --state ${folder}\``);
    await first.release();
    await (await lockFolder(locks, folder)).release();
    expect(await readdir(locks)).to.have.length(1);
  });

  it('is taken over from a process that was killed', async () => {
    const script = `
      import { lockFolder } from ${JSON.stringify(new URL('./folder-lock.ts', import.meta.url).href)};
      await lockFolder(${JSON.stringify(locks)}, 'x');
      console.log('locked');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const refusal = await failure(lockFolder(locks, folder));
    expect(refusal.message).to.contain(`pid ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await lockFolder(locks, folder)).release();
  });

  it('is not held by a process that has the pid of the former holder', async () => {
    await (await lockFolder(locks, folder)).release();
    const [name] = await readdir(locks);
    await writeFile(join(locks, String(name)), JSON.stringify({ pid: process.pid, startTime: 'earlier' }));
    await (await lockFolder(locks, folder)).release();
  });

  it('is not blocked by a damaged file', async () => {
    await (await lockFolder(locks, folder)).release();
    await writeFile(join(locks, '7'), '{"pid":');
    await (await lockFolder(locks, folder)).release();
  });

  it('lets one of many who start at once win, again and again', async () => {
    for (let round = 0; round < 10; round++) {
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(locks, folder)));
      const winners = results.filter(
        (result): result is PromiseFulfilledResult<FolderLock> => result.status === 'fulfilled',
      );
      expect(winners).to.have.length(1);
      await winners[0]?.value.release();
    }
  });
});

async function failure(promise: Promise<unknown>): Promise<Error> {
  const outcome = await promise.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  );
  return outcome as Error;
}
