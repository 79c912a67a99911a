import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Durability } from '../driver.js';
import { OWNS_ALL } from '../key-fence.js';
import { FileDriver } from './file-driver.js';

const WRITER = fileURLToPath(new URL('./fixtures/writer.ts', import.meta.url));
const TOLD_BEFORE_KILL = 400;

/** The last number of each key that the process said was acknowledged before it was killed. */
async function killedUnderWrites(
  folder: string,
  durability: Durability,
): Promise<ReadonlyMap<string, number>> {
  const child = spawn(process.execPath, ['--import', 'tsx', WRITER, folder, durability], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged = new Map<string, number>();
  let told = 0;
  let rest = '';
  for await (const chunk of child.stdout) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [key = '', number] = line.split(' ');
      acknowledged.set(key, Number(number));
      if (++told === TOLD_BEFORE_KILL) child.kill('SIGKILL');
    }
  }
  return acknowledged;
}

describe('state of a process that is killed under writes', function () {
  this.timeout(60_000);
  for (const durability of ['always', 'everysec', 'none'] satisfies Durability[])
    it(`NO-LOSS: every acknowledged write is there (${durability}), and the next process has the store`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'wd-state-'));
      for (let round = 0; round < 2; round++) {
        const acknowledged = await killedUnderWrites(folder, durability);
        expect(acknowledged.size).to.equal(4);
        const problems: string[] = [];
        const driver = new FileDriver({ folder, durability, onProblem: (message) => problems.push(message) });
        const store = await driver.open('Cart', OWNS_ALL, new AbortController().signal);
        for (const [key, number] of acknowledged) {
          const stored = await store.get('s', key);
          expect(Number.parseInt(Buffer.from(stored?.bytes ?? []).toString(), 10)).to.be.at.least(number);
        }
        // A record that was being written is all that may be found torn.
        for (const problem of problems) expect(problem).to.contain('a write that was not finished');
        await store.close();
      }
      rmSync(folder, { recursive: true });
    });
});
