import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { busConformance, rejection } from './bus-conformance.spec.js';
import { type AppendFile, nodeFiles, type StoreFiles } from './file-system.js';
import { LocalBus } from './local-bus.js';

busConformance('local', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weaverd-bus-'));
  const buses: LocalBus[] = [];
  const open = async () => {
    const bus = await LocalBus.open({ folder, report: () => undefined });
    buses.push(bus);
    return bus;
  };
  return {
    bus: await open(),
    reopen: open,
    async dispose() {
      for (const bus of buses) await bus.close();
      await rm(folder, { recursive: true });
    },
  };
});

describe('local bus: its file', () => {
  let folder: string;
  let path: string;
  let reports: string[];
  let opened: LocalBus[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weaverd-bus-'));
    path = join(folder, 'store.log');
    reports = [];
    opened = [];
  });
  afterEach(async () => {
    for (const bus of opened) await bus.close();
    await rm(folder, { recursive: true });
  });

  async function open(files: StoreFiles = nodeFiles): Promise<LocalBus> {
    const bus = await LocalBus.open({ folder, files, report: (problem) => reports.push(problem) });
    opened.push(bus);
    return bus;
  }

  async function values(bus: LocalBus): Promise<Record<string, unknown>> {
    const store = bus.store('s');
    const found: Record<string, unknown> = {};
    for (const key of [...(await store.keys())].sort()) found[key] = (await store.get(key))?.value;
    return found;
  }

  it('cuts off the write it died in, wherever it was torn', async () => {
    const bus = await open();
    await bus.store('s').put('a', 1);
    await bus.store('s').put('b', 2);
    await bus.close();
    const whole = await readFile(path);
    const lastLine = whole.lastIndexOf(10, whole.length - 2) + 1;
    for (let length = lastLine; length < whole.length; length++) {
      await writeFile(path, whole.subarray(0, length));
      const again = await open();
      expect(await values(again)).to.deep.equal({ a: 1 });
      await again.store('s').put('c', 3);
      await again.close();
      const third = await open();
      expect(await values(third)).to.deep.equal({ a: 1, c: 3 });
      await third.close();
    }
    expect(reports).to.deep.equal([]);
  });

  it('leaves out damaged lines, whichever byte is flipped, keeps the file aside and says so', async () => {
    const bus = await open();
    await bus.store('s').put('a', 1);
    await bus.store('s').put('b', 2);
    await bus.store('s').put('c', 3);
    await bus.close();
    const whole = await readFile(path);
    const first = whole.indexOf(10) + 1;
    const second = whole.indexOf(10, first);
    for (let at = first; at < second; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (whole[at] ?? 0) ^ 0x04;
      await writeFile(path, damaged);
      reports = [];
      const again = await open();
      expect(await values(again)).to.deep.equal({ a: 1, c: 3 });
      await again.close();
      expect(reports.join()).to.contain('damaged');
      expect(await readFile(`${path}.damaged`)).to.deep.equal(damaged);
    }
  });

  it('survives a file of garbage', async () => {
    await appendFile(path, Buffer.from([0, 255, 10, 10, 1, 2, 10, 200]));
    const bus = await open();
    expect(await values(bus)).to.deep.equal({});
    await bus.store('s').put('a', 1);
    await bus.close();
    expect(await values(await open())).to.deep.equal({ a: 1 });
  });

  it('is compacted when most of it is outdated, and revisions go on rising', async () => {
    const bus = await open();
    const text = 'x'.repeat(100_000);
    for (let index = 0; index < 40; index++) await bus.store('s').put('k', `${index} ${text}`);
    const newest = await bus.store('s').put('gone', 1);
    await bus.store('s').delete('gone');
    await bus.close();
    expect((await readFile(path)).length).to.be.lessThan(2_000_000);
    const again = await open();
    expect((await again.store('s').get('k'))?.value).to.equal(`39 ${text}`);
    expect(await again.store('s').put('l', 1)).to.be.greaterThan(newest);
  });

  it('refuses writes by name on a full disk, loses nothing acknowledged, and recovers', async () => {
    const disk = new FullableDisk();
    const bus = await open(disk);
    const states: string[] = [];
    bus.onState(({ kind }) => states.push(kind));
    const store = bus.store('s');
    await store.put('a', 1);
    disk.roomFor = 10;
    const refusal = await rejection(store.put('b', 2), 'STORAGE_FULL');
    expect(refusal.message).to.contain(path);
    await rejection(store.create('a', 2), 'CONFLICT');
    await rejection(bus.blobs.put(new Uint8Array(20)), 'STORAGE_FULL');
    expect(bus.state()).to.have.property('kind', 'degraded');
    expect(await bus.check()).to.have.property('kind', 'degraded');
    expect(await values(bus)).to.deep.equal({ a: 1 });

    const survivor = await open();
    expect(await values(survivor)).to.deep.equal({ a: 1 });
    await survivor.close();

    disk.roomFor = Number.POSITIVE_INFINITY;
    expect(await bus.check()).to.deep.equal({ kind: 'connected' });
    await store.put('b', 3);
    await bus.close();
    expect(await values(await open())).to.deep.equal({ a: 1, b: 3 });
    expect(states).to.deep.equal(['degraded', 'connected', 'closed']);
    expect(reports).to.deep.equal([]);
  });

  it('does not bring a refused write back, even when its bytes could not be taken away at once', async () => {
    const disk = new FullableDisk();
    const bus = await open(disk);
    await bus.store('s').put('a', 1);
    disk.failSync = true;
    disk.failTruncate = true;
    await rejection(bus.store('s').put('b', 2), 'STORAGE_FAILED');
    disk.failSync = false;
    await rejection(bus.store('s').put('c', 3), 'STORAGE_FAILED');
    disk.failTruncate = false;
    await bus.store('s').put('d', 4);
    await bus.close();
    expect(await values(await open())).to.deep.equal({ a: 1, d: 4 });
  });

  it('tells a watch that throws, and goes on', async () => {
    const bus = await open();
    await bus.store('s').watch(() => {
      throw new Error('planted');
    });
    await bus.store('s').put('a', 1);
    expect(reports.join()).to.contain('planted');
    expect(await values(bus)).to.deep.equal({ a: 1 });
  });
});

/** The real disk, until it is told to fail. */
class FullableDisk implements StoreFiles {
  roomFor = Number.POSITIVE_INFINITY;
  failSync = false;
  failTruncate = false;

  read(path: string): Promise<Buffer | undefined> {
    return nodeFiles.read(path);
  }

  async openForAppend(path: string): Promise<AppendFile> {
    const file = await nodeFiles.openForAppend(path);
    return {
      writeDurably: async (bytes, offset) => {
        await file.writeDurably(bytes.subarray(0, Math.min(bytes.length, this.roomFor)), offset);
        if (bytes.length > this.roomFor) throw Object.assign(new Error('planted'), { code: 'ENOSPC' });
        if (this.failSync) throw Object.assign(new Error('planted'), { code: 'EIO' });
      },
      truncate: async (length) => {
        if (this.failTruncate) throw Object.assign(new Error('planted'), { code: 'EIO' });
        await file.truncate(length);
      },
      close: () => file.close(),
    };
  }

  async replace(path: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length > this.roomFor) throw Object.assign(new Error('planted'), { code: 'ENOSPC' });
    await nodeFiles.replace(path, bytes);
  }
}
