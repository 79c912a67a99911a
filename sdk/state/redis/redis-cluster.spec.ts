import { expect } from 'chai';
import { eventually } from '../../../test/support/eventually.js';
import { RedisCluster } from '../../../test/support/redis-groups.js';
import type { RedisServer } from '../../../test/support/redis-server.js';
import type { RedisPlace } from '../../protocol/state-store.js';
import { specifyStateDriver } from '../conformance.spec.js';
import type { StateStore } from '../driver.js';
import { driverAt, fenceOf, NEVER, storeAt, textOf, value } from './spec-support/redis-under-test.js';

describe('redis cluster', function () {
  this.timeout(60_000);
  let cluster: RedisCluster;
  before(async () => {
    cluster = await RedisCluster.start(['appendfsync always']);
  });
  after(() => cluster.dispose());
  const place = (): RedisPlace => ({
    kind: 'cluster',
    nodes: cluster.nodes.slice(0, 1).map(({ port }) => ({ host: '127.0.0.1', port })),
  });

  let runs = 0;
  specifyStateDriver(
    'redis, a cluster of three',
    () => {
      const store = storeAt(place(), `run-${++runs}:`);
      return {
        driver: (now = Date.now) => driverAt(store.at, { store, now }),
        dispose: async () => undefined,
      };
    },
    'fenced',
  );

  const set = (store: StateStore, key: string, text: string) =>
    store.write({ kind: 'set', state: 's', key, value: value(text) });

  /** Moves the slot of what is stored under the name, key by key. */
  async function migrate(name: string, pause: () => Promise<void>): Promise<void> {
    const [first] = cluster.nodes;
    const slot = Number(await first?.do((redis) => redis.call('CLUSTER', 'KEYSLOT', name)));
    const ids = await Promise.all(
      cluster.nodes.map((node) => node.do(async (redis) => String(await redis.call('CLUSTER', 'MYID')))),
    );
    const has = async (node: RedisServer) =>
      node.do(async (redis) => Number(await redis.call('CLUSTER', 'COUNTKEYSINSLOT', slot)) > 0);
    const owners = await Promise.all(cluster.nodes.map(has));
    const from = owners.indexOf(true);
    const to = (from + 1) % cluster.nodes.length;
    const [source, target] = [cluster.nodes[from], cluster.nodes[to]];
    if (source === undefined || target === undefined) throw new Error('no node has the slot');
    await target.do((redis) => redis.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[from] ?? ''));
    await source.do((redis) => redis.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[to] ?? ''));
    await pause(); // new keys are asked for at the target (ASK), those of several at neither (TRYAGAIN)
    await source.do(async (redis) => {
      for (;;) {
        const keys = (await redis.call('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as readonly string[];
        if (keys.length === 0) return;
        await redis.call('MIGRATE', '127.0.0.1', target.port, '', 0, 5000, 'KEYS', ...keys);
      }
    });
    await pause();
    for (const node of cluster.nodes)
      await node.do((redis) => redis.call('CLUSTER', 'SETSLOT', slot, 'NODE', ids[to] ?? ''));
    await pause();
  }

  it('follows slots that move while it writes: each acknowledged write is there, in order', async () => {
    const store = await driverAt(place()).open('Cart', fenceOf(1), NEVER);
    const keys = Array.from({ length: 40 }, (_, i) => `key-${i}`);
    await Promise.all(keys.map((key) => set(store, key, '0')));
    const last = new Map(keys.map((key) => [key, 0]));
    let isDone = false;
    const failures: unknown[] = [];
    const writing = keys.map(async (key) => {
      for (let number = 1; !isDone; number++)
        await set(store, key, String(number)).then(
          () => last.set(key, number),
          (reason: unknown) => failures.push(reason),
        );
    });
    const written = () => [...last.values()].reduce((sum, each) => sum + each, 0);
    const pause = async () => {
      const before = written();
      await eventually('writes go on', async () => written() > before + 100 || undefined);
    };
    const names = await Promise.all(
      cluster.nodes.map((node) => node.do((redis) => redis.keys('{wd:shop:Cart:s:*}key-*'))),
    );
    const tags = [...new Set(names.flat().map((name) => name.slice(0, name.indexOf('}') + 1)))];
    for (const tag of tags.slice(0, 3)) await migrate(tag, pause);
    isDone = true;
    await Promise.all(writing);
    expect(failures).to.deep.equal([]);
    const other = await driverAt(place()).open('Cart', fenceOf(2), NEVER);
    for (const key of keys) expect(textOf(await other.get('s', key))).to.equal(String(last.get(key)));
    expect((await other.list('s', 'key-1', undefined, 100)).map(({ key }) => key)).to.have.length(11);
    await Promise.all([store.close(), other.close()]);
  });

  it('refuses a cluster of which one node keeps less than is promised, until that is mended', async () => {
    const [, second] = cluster.nodes;
    await second?.do((redis) => redis.config('SET', 'appendfsync', 'everysec'));
    const driver = driverAt(place(), { durability: 'always' });
    const refused = await driver.open('Cart', fenceOf(3), NEVER).catch((reason: Error) => reason);
    expect(String(refused)).to.contain(`127.0.0.1:${second?.port}`).and.contain('STORE_UNFIT');
    await second?.do((redis) => redis.config('SET', 'appendfsync', 'always'));
    const store = await driver.open('Cart', fenceOf(3), NEVER);
    await set(store, 'a', '1');
    await store.close();
  });

  it('loses nothing when a node is killed and started again, and serves the others meanwhile', async () => {
    const store = await driverAt(place(), { timeoutMs: 8000 }).open('Cart', fenceOf(3), NEVER);
    const keys = Array.from({ length: 40 }, (_, i) => `other-${i}`);
    await Promise.all(keys.map((key) => set(store, key, '1')));
    const node = cluster.nodes[1];
    await node?.kill();
    const writing = keys.map((key) => set(store, key, '2'));
    await Promise.race(writing);
    await node?.start();
    await Promise.all(writing);
    for (const key of keys) expect(textOf(await store.get('s', key))).to.equal('2');
    await store.close();
  });
});
