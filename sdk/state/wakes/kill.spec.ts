import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { FileDriver } from '../file/file-driver.js';
import { OWNS_ALL } from '../key-fence.js';

const REMINDED = fileURLToPath(new URL('../file/fixtures/reminded.ts', import.meta.url));

describe('reminders of a process that is killed', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'wd-wakes-'));
  after(() => rmSync(folder, { recursive: true }));

  it('AT-LEAST-ONCE: each that was acknowledged comes, in that process or in one after it', async () => {
    const set = new Set<string>();
    const woken = new Set<string>();
    /** Kills it when `enough` has been said. */
    const run = async (count: number, withinMs: number, enough: () => boolean): Promise<void> => {
      const args = ['--import', 'tsx', REMINDED, folder, String(count), String(withinMs)];
      const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      if (child.stdout === null) throw new Error('it has no output');
      for await (const line of createInterface({ input: child.stdout })) {
        const [what, key = ''] = line.split(' ');
        if (what === 'set') set.add(key);
        if (what === 'woken') woken.add(key);
        if (enough()) child.kill('SIGKILL');
      }
    };
    for (let round = 0; round < 3; round++) {
      const [setBefore, wokenBefore] = [set.size, woken.size];
      await run(200, 300, () => set.size >= setBefore + 150 && woken.size >= wokenBefore + 20);
    }
    const missing = (): string[] => [...set].filter((key) => !woken.has(key));
    expect(missing(), 'the kills came in the middle').to.not.deep.equal([]);
    await run(0, 0, () => missing().length === 0);
    expect(missing()).to.deep.equal([]);
    // What was woken is forgotten, but for handlers that the last kill caught before that was written.
    const driver = new FileDriver({ folder, durability: 'always', onProblem: () => {} });
    const store = await driver.open('Rooms', OWNS_ALL, new AbortController().signal);
    const left = await store.list('rooms.wakes', '', undefined, 1000);
    expect(left.length).to.be.at.most(32);
    await store.close();
  });
});
