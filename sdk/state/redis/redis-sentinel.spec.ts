import { expect } from 'chai';
import { eventually } from '../../../test/support/eventually.js';
import { RedisWithSentinels } from '../../../test/support/redis-groups.js';
import type { RedisPlace } from '../../protocol/state-store.js';
import { codeOf } from '../conformance.spec.js';
import type { StateStore } from '../driver.js';
import { driverAt, fenceOf, NEVER, textOf, value } from './spec-support/redis-under-test.js';

describe('redis behind Sentinels', function () {
  this.timeout(90_000);
  let redis: RedisWithSentinels;
  beforeEach(async () => {
    redis = await RedisWithSentinels.start(['appendfsync always']);
  });
  afterEach(() => redis.dispose());
  const place = (): RedisPlace => ({
    kind: 'sentinel',
    sentinels: redis.sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
    name: redis.name,
    database: 0,
  });
  const set = (store: StateStore, key: string, text: string) =>
    store.write({ kind: 'set', state: 's', key, value: value(text) });
  /** Until writes are taken again. */
  const back = (store: StateStore) =>
    eventually(
      'a new master takes writes',
      () =>
        set(store, 'probe', 'x').then(
          () => true,
          () => undefined,
        ),
      60_000,
    );

  it('goes on with the replica when the master is killed, with what it had; a warning says what a fail-over may lose', async () => {
    const problems: string[] = [];
    const driver = driverAt(place(), {
      durability: 'always',
      timeoutMs: 1000,
      onProblem: (_, message) => problems.push(message),
    });
    const store = await driver.open('Cart', fenceOf(1), NEVER);
    expect(problems.join()).to.contain('CONFIG SET min-replicas-to-write 1');
    await set(store, 'a', '1');
    await redis.master.do((master) => master.wait(1, 5000));
    await redis.master.kill();
    expect(textOf(await store.get('s', 'a'))).to.equal('1');
    await back(store);
    expect(textOf(await store.get('s', 'a'))).to.equal('1');
    await set(store, 'a', '2');
    expect(problems).to.have.length(1);
    await store.close();
  });

  it('says so when the replica that takes over lacks acknowledged writes', async () => {
    const problems: string[] = [];
    const driver = driverAt(place(), { timeoutMs: 1000, onProblem: (_, message) => problems.push(message) });
    const store = await driver.open('Cart', fenceOf(1), NEVER);
    for (const key of ['older', 'kept']) await set(store, key, '1');
    await redis.master.do((master) => master.wait(1, 5000));
    redis.replica.freeze();
    // Else it would find what follows in its socket when it goes on.
    await redis.master.do((master) => master.call('CLIENT', 'KILL', 'TYPE', 'replica'));
    await set(store, 'older', '2');
    await set(store, 'gone', '1');
    await redis.master.kill();
    redis.replica.thaw();
    await back(store);
    const lost = await eventually('the log says what was lost', async () =>
      problems.find((each) => each.includes('LOST')),
    );
    expect(lost).to.contain('2 are older there or gone');
    expect(await codeOf(Promise.resolve(store.get('s', 'older')))).to.equal('SUFFIX_LOST');
    expect(textOf(await store.get('s', 'older'))).to.equal('1');
    expect(await codeOf(set(store, 'gone', '2'))).to.equal('SUFFIX_LOST');
    await set(store, 'gone', '3');
    expect(textOf(await store.get('s', 'kept'))).to.equal('1');
    await store.close();
  });
});
