import { expect } from 'chai';
import { RedisServer } from '../../../test/support/redis-server.js';
import { codeOf, specifyStateDriver } from '../conformance.spec.js';
import type { Durability } from '../driver.js';
import { OWNS_ALL } from '../key-fence.js';
import { driverAt, NEVER, standalone, storeAt } from './spec-support/redis-under-test.js';

describe('redis, one server', () => {
  let server: RedisServer;
  before(async () => {
    server = await RedisServer.start();
  });
  after(() => server.dispose());

  let runs = 0;
  specifyStateDriver(
    'redis',
    () => {
      const store = storeAt(standalone(server.port), `run-${++runs}:`);
      return {
        driver: (now = Date.now) => driverAt(store.at, { store, now }),
        dispose: async () => undefined, // the next has other keys
      };
    },
    'fenced',
  );
});

describe('redis driver', () => {
  const refusal = async (config: readonly string[], durability: Durability): Promise<string> => {
    const server = await RedisServer.start({ config });
    try {
      const driver = driverAt(standalone(server.port), { durability });
      const reason = await driver.open('Cart', OWNS_ALL, NEVER).then(
        (store) => store.close().then(() => 'it was opened'),
        (each: Error) => each.message,
      );
      return reason;
    } finally {
      await server.dispose();
    }
  };

  it('refuses a server that keeps less than is promised, and says what to do', async () => {
    expect(await refusal(['appendonly no'], 'everysec'))
      .to.contain('CONFIG SET appendonly yes')
      .and.contain('[STORE_UNFIT]');
    expect(await refusal([], 'always')).to.contain('CONFIG SET appendfsync always');
    expect(await refusal(['appendfsync always', 'no-appendfsync-on-rewrite yes'], 'always')).to.contain(
      'CONFIG SET no-appendfsync-on-rewrite no',
    );
    expect(await refusal(['maxmemory-policy allkeys-lru'], 'none')).to.contain(
      'CONFIG SET maxmemory-policy noeviction',
    );
    expect(await refusal(['appendonly no'], 'none')).to.equal('it was opened');
    expect(await refusal(['appendfsync always'], 'always')).to.equal('it was opened');
  });

  it('says in bounded time that there is no server, and opens when there is one', async () => {
    const server = await RedisServer.start();
    await server.kill();
    const driver = driverAt(standalone(server.port), { timeoutMs: 200 });
    expect(await codeOf(driver.open('Cart', OWNS_ALL, NEVER))).to.equal('UNAVAILABLE');
    await server.start();
    const store = await driver.open('Cart', OWNS_ALL, NEVER);
    await store.close();
    await server.dispose();
  });

  it('gives no password away', async () => {
    const server = await RedisServer.start({ password: 'right-secret' });
    const store = { ...storeAt(standalone(server.port)), password: 'wrong-secret' };
    const driver = driverAt(store.at, { store, timeoutMs: 300 });
    const refused = await driver.open('Cart', OWNS_ALL, NEVER).catch((reason: Error) => reason);
    expect(JSON.stringify(refused, Object.getOwnPropertyNames(refused)))
      .to.contain('WRONGPASS')
      .and.not.contain('secret');
    const right = { ...store, password: 'right-secret' };
    const opened = await driverAt(store.at, { store: right }).open('Cart', OWNS_ALL, NEVER);
    await opened.close();
    await server.dispose();
  });
});
