import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { LogLine } from '../api/api-types.js';
import { createSmallDisk } from '../envelope/spec-support/small-disk.js';
import { systemClock } from '../processes/clock.js';
import { type LogFilter, LogStore, type LogStoreOptions } from './log-store.js';

describe('LogStore', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wd-logs-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const open = (change: Partial<LogStoreOptions> = {}) =>
    LogStore.open({ folder, clock: systemClock, onProblem: () => {}, ...change });
  const line = (message: string, change: Partial<LogLine> = {}): Omit<LogLine, 'sequence'> => ({
    ...{ time: 1, level: 30, component: 'Cart', message, fields: {}, app: 'shop', version: 'v1' },
    ...{ replica: 'Cart-0', source: 'log', ...change },
  });
  const messages = (store: LogStore, query: LogFilter & { limit?: number } = {}) =>
    store.query(query).map(({ message }) => message);

  it('finds lines by each field and by several', async () => {
    const store = await open();
    store.append(line('a'));
    store.append(line('b', { level: 50, component: 'Ads', replica: 'Ads-0' }));
    store.append(line('c', { app: 'other', level: 40 }));
    expect(messages(store)).to.deep.equal(['a', 'b', 'c']);
    expect(messages(store, { app: 'shop' })).to.deep.equal(['a', 'b']);
    expect(messages(store, { component: 'Ads' })).to.deep.equal(['b']);
    expect(messages(store, { replica: 'Cart-0', app: 'shop' })).to.deep.equal(['a']);
    expect(messages(store, { level: 40 })).to.deep.equal(['b', 'c']);
    expect(messages(store, { level: 40, app: 'shop' })).to.deep.equal(['b']);
    expect(messages(store, { app: 'none' })).to.deep.equal([]);
    await store.close();
  });

  it('gives the newest without a cursor, and pages on from one', async () => {
    const store = await open();
    for (let index = 1; index <= 10; index++) store.append(line(String(index)));
    expect(messages(store, { limit: 3 })).to.deep.equal(['8', '9', '10']);
    const fourth = store.query({})[3]?.sequence ?? 0;
    const page = store.query({ since: fourth, limit: 3 });
    expect(page.map(({ message }) => message)).to.deep.equal(['5', '6', '7']);
    expect(messages(store, { since: page.at(-1)?.sequence ?? 0 })).to.deep.equal(['8', '9', '10']);
    expect(messages(store, { before: fourth, limit: 2 })).to.deep.equal(['2', '3']);
    expect(messages(store, { limit: 0 })).to.deep.equal([]);
    await store.close();
  });

  it('follows what fits, until it is ended; not for more than it can bear', async () => {
    const store = await open();
    const heard: string[] = [];
    const end = store.follow({ level: 50 }, ({ message }) => heard.push(message));
    store.append(line('a'));
    store.append(line('b', { level: 50 }));
    end();
    store.append(line('c', { level: 50 }));
    expect(heard).to.deep.equal(['b']);
    const ends = Array.from({ length: 256 }, () => store.follow({}, () => {}));
    expect(() => store.follow({}, () => {})).to.throw(/256 follow the logs already/);
    for (const each of ends) each();
    store.follow({}, () => {})();
    await store.close();
  });

  it('keeps the newest lines of each app, and cuts one that is too long', async () => {
    const store = await open({ maxLines: 3 });
    for (let index = 1; index <= 5; index++) store.append(line(String(index)));
    store.append(line('other', { app: 'other' }));
    expect(messages(store)).to.deep.equal(['3', '4', '5', 'other']);
    const cut = store.append(line('x'.repeat(1e6), { fields: { big: 'y'.repeat(1e6) } }));
    expect(JSON.stringify(cut).length).to.be.lessThan(40_000);
    await store.close();
  });

  it('outlives the daemon: lines, order and numbers, in spite of a line cut off', async () => {
    const first = await open();
    const last = ['a', 'b', 'c'].map((message) => first.append(line(message))).at(-1);
    await first.close();
    appendFileSync(join(folder, 'shop.jsonl'), '{"sequence":9,"time":');
    const second = await open();
    expect(messages(second)).to.deep.equal(['a', 'b', 'c']);
    expect(second.newest).to.be.at.least(last?.sequence ?? 0);
    expect(second.append(line('d')).sequence).to.be.above(last?.sequence ?? 0);
    await second.close();
  });

  it('never gives a number twice, though lines did not reach the disk, or the folder was lost', async () => {
    let now = 5000;
    const clock = { ...systemClock, now: () => now };
    const first = await open({ clock });
    const given = first.append(line('a')).sequence;
    await first.close();
    rmSync(join(folder, 'shop.jsonl'));
    now += 1;
    const second = await open({ clock });
    expect(second.append(line('b')).sequence).to.be.above(given);
    await second.close();
  });

  it('finds lines not older than a time', async () => {
    const store = await open();
    for (const time of [1, 2, 3]) store.append(line(String(time), { time }));
    expect(messages(store, { from: 2 })).to.deep.equal(['2', '3']);
    await store.close();
  });

  it('rotates its file, keeps one old one, and reads both', async () => {
    const store = await open({ maxFileBytes: 1000 });
    const path = join(folder, 'shop.jsonl');
    for (let round = 0; round < 4; round++) {
      for (let index = 0; index < 8; index++) store.append(line(`${round}.${index}`));
      await store.close();
    }
    expect(existsSync(`${path}.1`)).to.equal(true);
    store.append(line('last'));
    await store.close();
    expect(readFileSync(path, 'utf8').split('\n')).to.have.length(2);
    const next = await open({ maxFileBytes: 1000 });
    expect(messages(next)).to.deep.equal([...Array.from({ length: 8 }, (_, index) => `3.${index}`), 'last']);
    await next.remove('shop');
    expect(messages(next)).to.deep.equal([]);
    expect([existsSync(path), existsSync(`${path}.1`)]).to.deep.equal([false, false]);
  });

  it('goes on in memory while the disk is full, says so, and writes again when it is not', async () => {
    const disk = createSmallDisk();
    try {
      let problem: string | undefined;
      const store = await open({
        folder: disk.folder,
        onProblem: (_app, now) => {
          problem = now;
        },
      });
      store.append(line('before'));
      await store.close();
      disk.fill();
      store.append(line('during'.padEnd(9000, '.')));
      await store.close();
      expect(problem).to.match(/^cannot write .*shop\.jsonl: /);
      expect(store.query({})).to.have.length(2);
      disk.free();
      store.append(line('after'));
      await store.close();
      expect(problem).to.equal(undefined);
      const next = await open({ folder: disk.folder });
      expect(messages(next).map((message) => message.slice(0, 6))).to.deep.equal([
        'before',
        'during',
        'after',
      ]);
    } finally {
      disk.dispose();
    }
  });
});
