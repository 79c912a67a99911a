import { expect } from 'chai';
import { eventually } from '../../../test/support/eventually.js';
import { RedisServer } from '../../../test/support/redis-server.js';
import { codeOf } from '../conformance.spec.js';
import type { StateStore } from '../driver.js';
import { StateError } from '../state-error.js';
import { driverAt, fenceOf, NEVER, standalone, textOf, value } from './spec-support/redis-under-test.js';

const set = (store: StateStore, key: string, text: string): Promise<void> =>
  store.write({ kind: 'set', state: 's', key, value: value(text) });

/** Writes numbers to its key until it is told to stop. */
class Writer {
  /** The last that is stored for certain. */
  acknowledged = 0;
  /** Numbers since then whose outcome is not known. */
  unknown = new Set<number>();
  readonly codes = new Map<string, number>();
  readonly #store: StateStore;
  readonly #key: string;
  #isStopped = false;
  #done: Promise<void> | undefined;

  constructor(store: StateStore, key: string) {
    this.#store = store;
    this.#key = key;
  }

  start(): void {
    this.#done = this.#write();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  async #write(): Promise<void> {
    for (let number = 1; !this.#isStopped; number++) {
      try {
        await set(this.#store, this.#key, String(number));
        this.acknowledged = number;
        this.unknown.clear();
      } catch (reason) {
        if (!(reason instanceof StateError)) throw reason;
        this.codes.set(reason.code, (this.codes.get(reason.code) ?? 0) + 1);
        if (reason.executed === 'unknown') this.unknown.add(number);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    }
  }
}

describe('redis state, when the server fails', function () {
  this.timeout(60_000);
  let server: RedisServer;
  beforeEach(async () => {
    // With `everysec`, Redis acknowledges before it has written while its disk is slow: killed, it has lost some then.
    server = await RedisServer.start({ config: ['appendfsync always'] });
  });
  afterEach(() => server.dispose());

  it('NO-LOSS: killed and started again under load, it has every acknowledged write, and of unknown ones either', async () => {
    const problems: string[] = [];
    const driver = driverAt(standalone(server.port), {
      timeoutMs: 1500,
      onProblem: (_, message) => problems.push(message),
    });
    const store = await driver.open('Cart', fenceOf(1), NEVER);
    const writers = Array.from({ length: 20 }, (_, i) => new Writer(store, `key-${i}`));
    for (const writer of writers) writer.start();
    for (let round = 0; round < 3; round++) {
      const before = writers[0]?.acknowledged ?? 0;
      await eventually(
        'writes go on',
        async () => (writers[0]?.acknowledged ?? 0) > before + 20 || undefined,
      );
      await server.kill();
      await new Promise((resolve) => setTimeout(resolve, 100));
      await server.start();
    }
    const before = writers.map(({ acknowledged }) => acknowledged);
    await eventually(
      'all write again',
      async () => writers.every(({ acknowledged }, i) => acknowledged > (before[i] ?? 0)) || undefined,
    );
    await Promise.all(writers.map((writer) => writer.stop()));
    const other = await driverAt(standalone(server.port)).open('Cart', fenceOf(2), NEVER);
    for (const [i, { acknowledged, unknown, codes }] of writers.entries()) {
      const found = Number(textOf(await other.get('s', `key-${i}`)));
      expect(
        found === acknowledged || unknown.has(found),
        `${found} is ${acknowledged} or of ${[...unknown]}`,
      ).to.equal(true);
      expect(
        [...codes.keys()].filter((code) => !['WRITE_FAILED', 'WRITE_UNKNOWN'].includes(code)),
      ).to.deep.equal([]);
    }
    // A restart with AOF loses nothing, and nothing else is said.
    expect(problems).to.deep.equal([]);
    await Promise.all([store.close(), other.close()]);
  });

  it('settles by itself what was under way when the connection broke, when it is back in time', async () => {
    const store = await driverAt(standalone(server.port)).open('Cart', fenceOf(1), NEVER);
    await set(store, 'a', '0');
    server.freeze();
    const writes = Array.from({ length: 50 }, (_, i) =>
      set(store, `k${i}`, 'x').then(() => set(store, 'a', String(i))),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    await server.kill();
    await server.start();
    await Promise.all(writes);
    expect(textOf(await store.get('s', 'k49'))).to.equal('x');
    await store.close();
  });

  it('fails in bounded time while the server is paused, goes on reading what it has, and works again after', async () => {
    const store = await driverAt(standalone(server.port), { timeoutMs: 300 }).open('Cart', fenceOf(1), NEVER);
    await set(store, 'a', 'before');
    server.freeze();
    const writes = ['a', 'b'].map((key) => set(store, key, 'during').catch((reason: unknown) => reason));
    const [a, b] = await Promise.all(writes);
    expect(a).to.deep.include({ code: 'WRITE_UNKNOWN', executed: 'unknown' });
    // It was not claimed, and so nothing was sent.
    expect(b).to.deep.include({ code: 'WRITE_FAILED', executed: 'no' });
    expect(await codeOf(Promise.resolve(store.get('s', 'c')))).to.equal('UNAVAILABLE');
    expect(await codeOf(Promise.resolve(store.list('s', '', undefined, 9)))).to.equal('UNAVAILABLE');
    server.thaw();
    await eventually('it answers', async () => {
      try {
        await set(store, 'c', 'after');
        return true;
      } catch {
        return undefined;
      }
    });
    expect(['before', 'during']).to.include(textOf(await store.get('s', 'a')));
    expect(textOf(await store.get('s', 'c'))).to.equal('after');
    await store.close();
  });

  it('reads what is in memory while the server is away, and says so of the rest', async () => {
    const store = await driverAt(standalone(server.port), { timeoutMs: 200 }).open('Cart', fenceOf(1), NEVER);
    await set(store, 'a', '1');
    await server.kill();
    expect(textOf(await store.get('s', 'a'))).to.equal('1');
    expect(await codeOf(Promise.resolve(store.get('s', 'b')))).to.equal('UNAVAILABLE');
    expect(await codeOf(set(store, 'a', '2'))).to.equal('WRITE_FAILED');
    expect(textOf(await store.get('s', 'a'))).to.equal('1');
    await server.start();
    await eventually('it is back', async () =>
      set(store, 'a', '3').then(
        () => true,
        () => undefined,
      ),
    );
    expect(textOf(await store.get('s', 'a'))).to.equal('3');
    await store.close();
  });

  it('says of each key once that the server has lost it, and how many in its log; never hides it', async () => {
    const problems: string[] = [];
    const driver = driverAt(standalone(server.port), { onProblem: (_, message) => problems.push(message) });
    const store = await driver.open('Cart', fenceOf(1), NEVER);
    for (const key of ['kept', 'older', 'gone', 'written']) await set(store, key, '1');
    // What a server that took over without the last writes would have.
    const lost = await server.do(async (redis) => {
      const keys = (await redis.keys('{*}*')).filter((key) => /(older|gone|written)$/.test(key));
      const older = new Map<string, Buffer>();
      for (const key of keys) older.set(key, (await redis.getBuffer(key)) ?? Buffer.alloc(0));
      return older;
    });
    for (const key of ['older', 'gone', 'written']) await set(store, key, '2');
    await server.do(async (redis) => {
      for (const [key, bytes] of lost) await (key.endsWith('gone') ? redis.del(key) : redis.set(key, bytes));
    });
    // Writes find out without being told of another server.
    expect(await codeOf(set(store, 'written', '3'))).to.equal('SUFFIX_LOST');
    expect(textOf(await store.get('s', 'written'))).to.equal('1');
    await server.kill();
    await server.start();
    await eventually('it is reported', async () => problems[0]);
    expect(problems).to.have.length(1);
    expect(problems[0])
      .to.contain('REDIS HAS LOST WRITES')
      .and.contain('of the 4 keys of Cart')
      .and.contain(' 2 are');
    expect(await codeOf(Promise.resolve(store.get('s', 'older')))).to.equal('SUFFIX_LOST');
    expect(textOf(await store.get('s', 'older'))).to.equal('1');
    expect(await codeOf(set(store, 'gone', '3'))).to.equal('SUFFIX_LOST');
    await set(store, 'gone', '4');
    expect(textOf(await store.get('s', 'gone'))).to.equal('4');
    expect(textOf(await store.get('s', 'kept'))).to.equal('1');
    await store.close();
  });

  it('names a full memory, and takes reads and deletes nevertheless', async () => {
    const store = await driverAt(standalone(server.port)).open('Cart', fenceOf(1), NEVER);
    await set(store, 'a', 'x'.repeat(100_000));
    await server.do((redis) => redis.config('SET', 'maxmemory', '1'));
    const refused = await set(store, 'b', 'y').catch((reason: unknown) => reason);
    expect(refused).to.deep.include({ code: 'WRITE_FAILED', executed: 'no' });
    expect(String(refused)).to.contain('OOM').and.contain('maxmemory');
    const other = await driverAt(standalone(server.port)).open('Cart', fenceOf(2), NEVER);
    expect(textOf(await other.get('s', 'a'))).to.have.length(100_000);
    await other.write({ kind: 'delete', state: 's', key: 'a' });
    await server.do((redis) => redis.config('SET', 'maxmemory', '0'));
    await set(store, 'b', 'y');
    expect(await other.get('s', 'a')).to.equal(undefined);
    await Promise.all([store.close(), other.close()]);
  });

  it('refuses a value that others have put in its place', async () => {
    const store = await driverAt(standalone(server.port)).open('Cart', fenceOf(1), NEVER);
    await set(store, 'a', '1');
    const other = await driverAt(standalone(server.port)).open('Cart', fenceOf(1), NEVER);
    await server.do(async (redis) => {
      for (const key of await redis.keys('{*}a')) await redis.set(key, 'not a record');
    });
    expect(await codeOf(Promise.resolve(other.get('s', 'a')))).to.equal('CORRUPT');
    await Promise.all([store.close(), other.close()]);
  });
});
