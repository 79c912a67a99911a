import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { freePort } from './support/free-port.js';
import { REPOSITORY, TestDaemon } from './support/weaverd.js';

const ENTRY = join(REPOSITORY, 'test/fixtures/overload/main.ts');
/** Takes a core for as long as nobody kills it. */
const HOG = 'for (;;);';

describe('overload', function () {
  this.timeout(180_000);
  let daemon: TestDaemon;
  let folder: string;
  let url: string;
  const hogs: ChildProcess[] = [];

  const load = async (path: string): Promise<{ readonly answered: number; readonly refused: number }> => {
    const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(100_000) });
    if (response.status !== 200) throw new Error(await response.text());
    return (await response.json()) as { readonly answered: number; readonly refused: number };
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wo-'));
    daemon = await TestDaemon.start();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const manifest = join(folder, 'weaver.toml');
    await writeFile(
      manifest,
      `name = "load"\nentry = ${JSON.stringify(ENTRY)}\n[listeners.load]\nport = ${port}\n`,
    );
    await daemon.must('deploy', manifest);
  });

  after(async () => {
    for (const hog of hogs) hog.kill('SIGKILL');
    await daemon.destroy();
    await rm(folder, { recursive: true, force: true });
  });

  it('refuses none of a burst, however large, while other processes take the cores', async () => {
    for (let i = 0; i < 2; i++) hogs.push(spawn(process.execPath, ['-e', HOG], { stdio: 'ignore' }));
    expect(await load('/closed?callers=1000&calls=1&ms=1')).to.deep.equal({ answered: 1000, refused: 0 });
    expect(await load('/closed?callers=3000&calls=1&ms=0.3')).to.deep.equal({ answered: 3000, refused: 0 });
  });

  it('refuses none of callers who wait for their answers, many as they are', async () => {
    expect(await load('/closed?callers=320&calls=20&ms=0.5')).to.deep.equal({ answered: 6400, refused: 0 });
    expect(await load('/closed?callers=64&calls=10&ms=3')).to.deep.equal({ answered: 640, refused: 0 });
  });

  it('refuses some of those who do not, and none of callers who wait right after', async () => {
    const { answered, refused } = await load('/open?refused=300&most=20000&ms=1.5');
    expect(refused).to.be.at.least(300);
    expect(answered).to.be.at.least(100);
    expect(await load('/closed?callers=64&calls=20&ms=1')).to.deep.equal({ answered: 1280, refused: 0 });
    expect(await load('/closed?callers=320&calls=8&ms=0.5')).to.deep.equal({ answered: 2560, refused: 0 });
  });
});
