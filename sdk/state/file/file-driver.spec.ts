import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { codeOf, specifyStateDriver } from '../conformance.spec.js';
import type { Durability } from '../driver.js';
import { OWNS_ALL } from '../key-fence.js';
import { FileDriver } from './file-driver.js';

for (const durability of ['always', 'everysec', 'none'] satisfies Durability[])
  specifyStateDriver(`file, ${durability}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'wd-state-'));
    return {
      driver: (now = Date.now) =>
        new FileDriver({
          folder,
          durability,
          now,
          onProblem: (message) => {
            throw new Error(message);
          },
          compactFrom: 500,
        }),
      dispose: async () => rmSync(folder, { recursive: true, force: true }),
    };
  });

describe('file driver', () => {
  it('names who has the state when it is not given up in time', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wd-state-'));
    const driver = new FileDriver({ folder, durability: 'always', lockWaitMs: 30, onProblem: () => {} });
    const { signal } = new AbortController();
    const store = await driver.open('Cart', OWNS_ALL, signal);
    const refused = await driver.open('Cart', OWNS_ALL, signal).catch((reason: Error) => reason);
    expect(String(refused)).to.contain(`the process ${process.pid} has the state in ${folder}`);
    expect(await codeOf(driver.open('Cart', OWNS_ALL, signal))).to.equal('LOCKED');
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it('refuses more than a component may store, and takes it again when there is room', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wd-state-'));
    const driver = new FileDriver({ folder, durability: 'none', maxLiveBytes: 3000, onProblem: () => {} });
    const store = await driver.open('Cart', OWNS_ALL, new AbortController().signal);
    const set = (key: string) =>
      store.write({
        kind: 'set',
        state: 's',
        key,
        value: { bytes: Buffer.alloc(1400), schema: '"bytes"', expiresAt: 0 },
      });
    await set('a');
    await set('b');
    expect(await codeOf(set('c'))).to.equal('STATE_FULL');
    await store.write({ kind: 'delete', state: 's', key: 'a' });
    await set('c');
    await store.close();
    rmSync(folder, { recursive: true });
  });
});
