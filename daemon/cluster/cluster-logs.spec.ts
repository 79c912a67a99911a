import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually } from '../../test/support/eventually.js';
import type { LogCursor, LogItem, LogLine } from '../api/api-types.js';
import { LocalBus } from '../bus/local-bus.js';
import { subjectsOf } from '../bus/subjects.js';
import { HostLog } from '../logs/host-log.js';
import { LogStore } from '../logs/log-store.js';
import { systemClock } from '../processes/clock.js';
import { ClusterLogs } from './cluster-logs.js';
import { serveLog } from './log-service.js';

describe('ClusterLogs', () => {
  const subjects = subjectsOf('shop');
  let folder: string;
  let bus: LocalBus;
  let stores: Map<string, LogStore>;
  let present: string[];
  let absent: string[];
  let logs: ClusterLogs;
  let serving: Map<string, { close(): void }>;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wd-cluster-logs-'));
    bus = await LocalBus.open({ folder: join(folder, 'bus'), report: () => undefined });
    stores = new Map();
    serving = new Map();
    present = ['h1', 'h2', 'h3'];
    absent = [];
    for (const host of [...present, 'h4']) {
      const store = await LogStore.open({
        folder: join(folder, host),
        clock: systemClock,
        onProblem: () => undefined,
      });
      stores.set(host, store);
      serve(host);
    }
    logs = new ClusterLogs({
      host: 'h1',
      local: new HostLog(storeOf('h1'), systemClock),
      bus,
      subjects,
      hosts: () => ({ present, absent }),
      clock: systemClock,
    });
  });

  afterEach(async () => {
    logs.close();
    await bus.close();
    for (const store of stores.values()) await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  function storeOf(host: string): LogStore {
    const store = stores.get(host);
    if (store === undefined) throw new Error(`no store of ${host}`);
    return store;
  }

  function serve(host: string): void {
    serving.set(host, serveLog(bus, subjects, host, new HostLog(storeOf(host), systemClock)));
  }

  function write(host: string, message: string, time = Date.now()): LogLine {
    return storeOf(host).append({
      ...{ time, level: 30, component: 'Cart', message, fields: {}, app: 'shop' },
      ...{ version: 'v1', replica: 'Cart-0', source: 'log' },
    });
  }

  const isLine = (item: LogItem): item is LogLine => 'sequence' in item;

  function follow(since: LogCursor | undefined) {
    const items: LogItem[] = [];
    const end = logs.follow({ since }, (item) => items.push(item));
    const messages = () => items.filter(isLine).map(({ message }) => message);
    return { items, end, messages };
  }

  it('merges the lines of all hosts by time, each with its host, the newest so many', async () => {
    write('h2', 'b', 2);
    write('h1', 'a', 1);
    write('h3', 'c', 3);
    write('h1', 'd', 4);
    const all = await logs.query({});
    expect(all.lines.map(({ host, message }) => `${host} ${message}`)).to.deep.equal([
      'h1 a',
      'h2 b',
      'h3 c',
      'h1 d',
    ]);
    expect((await logs.query({ limit: 2 })).lines.map(({ message }) => message)).to.deep.equal(['c', 'd']);
    expect((await logs.query({ from: 2 })).lines).to.have.length(3);
    expect((await logs.query({ app: 'other' })).lines).to.deep.equal([]);
    expect(Object.keys(all.cursor.after)).to.deep.equal(['h1', 'h2', 'h3']);
  });

  it('pages on through more lines than one answer may have', async () => {
    for (let index = 0; index < 1500; index++) write('h2', `${index}`.padEnd(600, '.'), index);
    const { lines } = await logs.query({ limit: 1400 });
    expect(lines.map(({ message }) => Number.parseInt(message, 10))).to.deep.equal(
      Array.from({ length: 1400 }, (_, index) => index + 100),
    );
  });

  it('names the hosts whose lines are missing', async () => {
    serving.get('h3')?.close();
    absent = ['h9'];
    write('h2', 'b');
    const { lines, missing } = await logs.query({});
    expect(lines.map(({ message }) => message)).to.deep.equal(['b']);
    expect(missing.map(({ host }) => host)).to.deep.equal(['h3', 'h9']);
    expect(missing[0]?.reason).to.contain('nobody serves it');
    expect(missing[1]?.reason).to.contain('dead');
  });

  it('follows all of them in order, from where a query ended', async () => {
    write('h2', 'before');
    const { cursor } = await logs.query({});
    write('h2', 'between');
    const { messages, end } = follow(cursor);
    await eventually('the line between', () => messages().length === 1 || undefined);
    const now = Date.now();
    write('h3', 'second', now + 1);
    write('h2', 'first', now);
    await eventually('all lines', () => messages().length === 3 || undefined);
    expect(messages()).to.deep.equal(['between', 'first', 'second']);
    end();
    write('h1', 'after');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(messages()).to.have.length(3);
  });

  it('goes on after a cut without losing or repeating a line', async () => {
    const written: string[] = [];
    const seen: string[] = [];
    let since = (await logs.query({})).cursor;
    for (let round = 0; round < 5; round++) {
      const cut = 3 + round * 2;
      let taken = 0;
      const end = logs.follow({ since }, (item) => {
        if (!isLine(item) || taken === cut) return; // what comes after the cut is lost on its way
        taken++;
        seen.push(item.message);
        since = { ...since, after: { ...since.after, [String(item.host)]: item.sequence } };
      });
      for (let index = 0; index < 10; index++) {
        const message = `${round}.${index}`;
        written.push(message);
        write(['h1', 'h2', 'h3'][index % 3] ?? 'h1', message);
        if (index % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await eventually('some lines', () => taken === cut || undefined);
      end();
    }
    const { messages, end } = follow(since);
    await eventually('the rest', () => seen.length + messages().length >= written.length || undefined);
    end();
    expect([...seen, ...messages()].sort()).to.deep.equal(written.sort());
  });

  it('takes in a host that joins later, and asks one again that did not answer, from where it was', async () => {
    serving.get('h3')?.close();
    write('h4', 'before it began', 1000);
    const { items, messages, end } = follow((await logs.query({})).cursor);
    await eventually('h3 is missing', () => items.find((item) => 'missing' in item));
    write('h3', 'while it was silent');
    present.push('h4');
    write('h4', 'joined');
    serve('h3');
    await eventually('both lines', () => messages().length === 2 || undefined);
    expect(messages().sort()).to.deep.equal(['joined', 'while it was silent']);
    expect(items.filter((item) => !isLine(item)).map((item) => Object.keys(item)[0])).to.deep.equal([
      'missing',
      'found',
    ]);
    end();
  });

  it('bears only so many followers, and malformed requests', async () => {
    const ends = Array.from({ length: 64 }, () => logs.follow({}, () => undefined));
    expect(() => logs.follow({}, () => undefined)).to.throw(/64 follow the logs through this daemon/);
    for (const end of ends) end();
    logs.follow({}, () => undefined)();
    for (const body of [null, 7, {}, { filter: {}, limit: 'all' }, { filter: {}, limit: 1, after: 'x' }]) {
      const asked = bus.request(subjects.logs('h2'), body, { timeoutMs: 1000 });
      expect(await asked.catch((reason: unknown) => reason)).to.have.property('code', 'REFUSED');
    }
  });
});
