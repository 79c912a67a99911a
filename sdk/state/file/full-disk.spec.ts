import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { createSmallDisk, type SmallDisk } from '../../../daemon/envelope/spec-support/small-disk.js';
import { codeOf } from '../conformance.spec.js';
import type { StateStore } from '../driver.js';
import { OWNS_ALL } from '../key-fence.js';
import { FileDriver } from './file-driver.js';
import { FileStore } from './file-store.js';
import { LogFile, type LogHandle } from './log-file.js';
import { recoverLog } from './recover.js';

const { signal } = new AbortController();
const set = (store: StateStore, key: string, bytes: Uint8Array): Promise<void> =>
  store.write({ kind: 'set', state: 's', key, value: { bytes, schema: '"bytes"', expiresAt: 0 } });

describe('state when the disk fails', () => {
  let disk: SmallDisk;
  beforeEach(() => {
    disk = createSmallDisk();
  });
  afterEach(() => disk.dispose());

  it('disk full mid-write: the write fails with a code, reads go on, and writes when there is room again', async () => {
    const driver = new FileDriver({
      folder: join(disk.folder, 'app'),
      durability: 'always',
      onProblem: (message) => expect.fail(message),
    });
    const store = await driver.open('Cart', OWNS_ALL, signal);
    await set(store, 'kept', Buffer.alloc(20_000, 1));
    // More than there is room for: a part of it is written before the disk is full.
    const failures = await Promise.all([
      codeOf(set(store, 'kept', Buffer.alloc(70_000, 2))),
      codeOf(set(store, 'other', Buffer.alloc(10, 2))),
    ]);
    expect(failures).to.deep.equal(['WRITE_FAILED', 'WRITE_FAILED']);
    expect((await store.get('s', 'kept'))?.bytes[0]).to.equal(1);
    expect(store.latest('s', 'other')).to.equal(undefined);
    await set(store, 'after', Buffer.alloc(10, 3));
    await store.close();
    const again = await driver.open('Cart', OWNS_ALL, signal);
    expect((await again.list('s', '', undefined, 9)).map(({ key }) => key)).to.deep.equal(['after', 'kept']);
    await again.close();
  });

  it('a failed fsync: nothing is acknowledged from then on, since nothing could prove it; reads go on', async () => {
    const path = join(disk.folder, 'state.log');
    const { handle, table, size } = await recoverLog(path);
    let fails = false;
    const failing: LogHandle = {
      write: handle.write.bind(handle),
      truncate: handle.truncate.bind(handle),
      read: handle.read.bind(handle),
      close: handle.close.bind(handle),
      datasync: async () => {
        if (fails) throw new Error('EIO');
        await handle.datasync();
      },
    };
    const store = new FileStore(new LogFile(path, failing, size), table, {
      durability: 'always',
      now: () => 0,
      onProblem: (message) => expect.fail(message),
      release: async () => {},
    });
    await set(store, 'a', Buffer.alloc(1, 1));
    fails = true;
    expect(await codeOf(set(store, 'a', Buffer.alloc(1, 2)))).to.equal('WRITE_UNKNOWN');
    fails = false;
    expect(await codeOf(set(store, 'a', Buffer.alloc(1, 3)))).to.equal('WRITE_FAILED');
    expect((await store.get('s', 'a'))?.bytes[0]).to.equal(1);
    await store.close().catch(() => {});
    const reopened = await open(path);
    await reopened.close();
  });
});
