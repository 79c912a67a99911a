import { expect } from 'chai';
import fc from 'fast-check';
import { RedisServer } from '../../../test/support/redis-server.js';
import { codeOf } from '../conformance.spec.js';
import type { StateFence, StateStore } from '../driver.js';
import { StateError } from '../state-error.js';
import {
  driverAt,
  fenceOf,
  NEVER,
  standalone,
  storeAt,
  textOf,
  value,
} from './spec-support/redis-under-test.js';

const KEYS = ['a', 'b'] as const;

interface Accepted {
  readonly epoch: number;
  readonly act: 'set' | 'get' | 'delete';
  /** Written, or read. */
  readonly text: string | undefined;
}

/** No write after one of a higher epoch has acted; who has the highest reads what was written last. */
function expectOrder(entries: readonly Accepted[]): void {
  let highest = 0;
  let text: string | undefined;
  for (const each of entries) {
    // What one who was not told yet reads from memory, its lease bounds.
    if (each.act === 'get' && each.epoch < highest) continue;
    expect(each.epoch, JSON.stringify(entries)).to.be.at.least(highest);
    highest = each.epoch;
    if (each.act === 'get') expect(each.text, JSON.stringify(entries)).to.equal(text);
    text = each.text;
  }
}

describe('fencing of redis state', function () {
  this.timeout(60_000);
  let server: RedisServer;
  before(async () => {
    server = await RedisServer.start();
  });
  after(() => server.dispose());

  it('ONE-OWNER: over all interleavings of owners that all believe to own a key, accepted epochs only rise', async () => {
    const step = fc.record({
      owner: fc.nat(2),
      key: fc.constantFrom(...KEYS),
      act: fc.constantFrom('set' as const, 'get' as const, 'delete' as const),
    });
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 30 }),
        fc.nat(3),
        async (steps, together) => {
          const store = storeAt(standalone(server.port), `fence-${++runs}:`);
          const epochs = [3, 5, 9];
          const owners = await Promise.all(
            epochs.map((epoch) => driverAt(store.at, { store }).open('Cart', fenceOf(epoch), NEVER)),
          );
          /** By key: what was accepted, in the order in which it was. */
          const accepted = new Map<string, Accepted[]>(KEYS.map((key) => [key, []]));
          const running: Promise<void>[] = [];
          for (const [number, { owner, key, act }] of steps.entries()) {
            const [epoch = 0, mine] = [epochs[owner], owners[owner]];
            const text = act === 'set' ? `${epoch} ${number}` : undefined;
            const run = perform(mine, act, key, text).then((found) => {
              if (found.isAccepted)
                accepted.get(key)?.push({ epoch, act, text: act === 'get' ? found.text : text });
            });
            running.push(run);
            if (running.length > together) await Promise.all(running.splice(0));
          }
          await Promise.all(running);
          // Answers of different connections may cross; one after the other they cannot.
          if (together === 0) for (const entries of accepted.values()) expectOrder(entries);
          // Whoever comes last finds what the highest left, and shuts the others out.
          const last = await driverAt(store.at, { store }).open('Cart', fenceOf(10), NEVER);
          for (const key of KEYS) {
            const entries = accepted.get(key) ?? [];
            const highest = Math.max(0, ...entries.map(({ epoch }) => epoch));
            const found = textOf(await last.get('s', key));
            const writes = entries.filter(({ act, epoch }) => act !== 'get' && epoch === highest);
            if (writes.length > 0) expect(found, JSON.stringify(entries)).to.equal(writes.at(-1)?.text);
            for (const each of owners) expect(await codeOf(write(each, key, 'late'))).to.equal('STALE_OWNER');
          }
          await Promise.all([...owners, last].map((each) => each.close()));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('drops what is cached of keys that are given up, and claims again what comes back', async () => {
    let owned: ReadonlyMap<string, number> = new Map([
      ['a', 2],
      ['b', 2],
    ]);
    let tell: () => void = () => undefined;
    const fence: StateFence = {
      epochOf: (_, key) => owned.get(key),
      onChange: (listener) => {
        tell = listener;
      },
    };
    const driver = driverAt(standalone(server.port));
    const store = await driver.open('Cart', fence, NEVER);
    for (const key of KEYS) await write(store, key, '1');
    owned = new Map([['b', 2]]);
    tell();
    expect(await codeOf(Promise.resolve(store.get('s', 'a')))).to.equal('STALE_OWNER');
    expect(store.get('s', 'b')).not.to.be.instanceOf(Promise);
    const other = await driver.open('Cart', fenceOf(3), NEVER);
    await write(other, 'a', '2');
    owned = new Map([
      ['a', 4],
      ['b', 2],
    ]);
    tell();
    expect(textOf(await store.get('s', 'a'))).to.equal('2');
    expect(await codeOf(write(other, 'a', '3'))).to.equal('STALE_OWNER');
    // Its lease has run out: nobody told it, and nothing is served.
    owned = new Map();
    expect(await codeOf(Promise.resolve(store.get('s', 'b')))).to.equal('STALE_OWNER');
    await Promise.all([store.close(), other.close()]);
  });

  it('claims again what has ended as it should, and takes that for no loss', async () => {
    let now = 1000;
    const spec = storeAt(standalone(server.port), 'ended:');
    const store = await driverAt(spec.at, { store: spec, now: () => now }).open('Cart', fenceOf(1), NEVER);
    const brief = { ...value('brief'), expiresAt: 2000 };
    await store.write({ kind: 'set', state: 's', key: 'a', value: brief });
    await write(store, 'b', '1');
    await store.write({ kind: 'delete', state: 's', key: 'b' });
    now = 2000;
    // As Redis does it a minute later.
    await server.do(async (redis) => {
      for (const name of await redis.keys('{ended:*}[ab]')) {
        expect(await redis.pttl(name)).to.be.within(1, 61_000);
        await redis.del(name);
      }
    });
    expect(await store.get('s', 'a')).to.equal(undefined);
    for (const key of KEYS) await write(store, key, '2');
    for (const key of KEYS) expect(textOf(await store.get('s', key))).to.equal('2');
    await store.close();
  });

  it('keeps so many bytes in memory, those that are used; the rest is read again', async () => {
    const spec = storeAt(standalone(server.port), 'cache:');
    const store = await driverAt(spec.at, { store: { ...spec, cacheBytes: 100_000 } }).open(
      'Cart',
      fenceOf(1),
      NEVER,
    );
    const isCached = (key: string) => !(store.get('s', key) instanceof Promise);
    await write(store, 'used', 'x'.repeat(5000));
    for (let i = 0; i < 100; i++) {
      await write(store, `k${i}`, 'x'.repeat(5000));
      await store.get('s', 'used');
    }
    expect(isCached('used')).to.equal(true);
    const cached = Array.from({ length: 100 }, (_, i) => isCached(`k${i}`)).filter(Boolean);
    expect(cached.length).to.be.within(5, 20);
    expect(textOf(await store.get('s', 'k0'))).to.have.length(5000);
    await write(store, 'large', 'x'.repeat(60_000));
    expect(isCached('large')).to.equal(false);
    expect(textOf(await store.get('s', 'large'))).to.have.length(60_000);
    await store.close();
  });

  it('names what waits too long to be written', async () => {
    const store = await driverAt(standalone(server.port), { timeoutMs: 500 }).open('Cart', fenceOf(1), NEVER);
    server.freeze();
    const bytes = Buffer.alloc(8 * 1024 * 1024);
    const writes = Array.from({ length: 10 }, (_, i) =>
      codeOf(
        store.write({
          kind: 'set',
          state: 's',
          key: `k${i}`,
          value: { bytes, schema: '"bytes"', expiresAt: 0 },
        }),
      ),
    );
    expect((await Promise.all(writes)).filter((code) => code === 'OVERLOADED')).to.have.length(2);
    server.thaw();
    await store.close();
  });
});

function write(store: StateStore | undefined, key: string, text: string): Promise<void> {
  return (
    store?.write({ kind: 'set', state: 's', key, value: value(text) }) ??
    Promise.reject(new Error('no store'))
  );
}

async function perform(
  store: StateStore | undefined,
  act: 'set' | 'get' | 'delete',
  key: string,
  text: string | undefined,
): Promise<{ readonly isAccepted: boolean; readonly text?: string | undefined }> {
  try {
    if (act === 'get') return { isAccepted: true, text: textOf(await store?.get('s', key)) };
    if (act === 'set') await write(store, key, text ?? '');
    else await store?.write({ kind: 'delete', state: 's', key });
    return { isAccepted: true };
  } catch (reason) {
    if (
      reason instanceof StateError &&
      ['STALE_OWNER', 'WRITE_FAILED'].includes(reason.code) &&
      reason.executed === 'no'
    )
      return { isAccepted: false };
    throw reason;
  }
}
