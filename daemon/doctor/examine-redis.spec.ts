import { expect } from 'chai';
import { freePort } from '../../test/support/free-port.js';
import { RedisServer } from '../../test/support/redis-server.js';
import { examineRedis } from './examine-redis.js';

describe('examining Redis', () => {
  const at = (port: number) => ({
    kind: 'redis' as const,
    at: { kind: 'standalone' as const, server: { host: '127.0.0.1', port }, database: 0 },
    keyPrefix: '',
    cacheBytes: 1,
  });

  it('tells what the server says of itself', async () => {
    const server = await RedisServer.start({ password: 'secret-word' });
    const found = await examineRedis({ ...at(server.port), password: 'secret-word' });
    expect(found.problem).to.equal(undefined);
    expect(found.servers).to.have.length(1);
    expect(found.servers[0]).to.deep.include({
      server: `127.0.0.1:${server.port}`,
      role: 'master',
      maxBytes: 0,
    });
    expect(found.servers[0]).to.have.nested.property('settings.appendfsync', 'everysec');
    const refused = await examineRedis({ ...at(server.port), password: 'wrong-word' });
    expect(JSON.stringify(refused))
      .to.match(/WRONGPASS|NOAUTH/)
      .and.not.contain('-word');
    server.freeze();
    const silent = await examineRedis({ ...at(server.port), password: 'secret-word' });
    expect(JSON.stringify(silent)).to.match(/timed out|no answer/);
    server.thaw();
    await server.dispose();
  });

  it('says why there is none', async () => {
    const { problem, servers } = await examineRedis(at(await freePort()));
    expect(problem).to.contain('ECONNREFUSED');
    expect(servers).to.deep.equal([]);
  });
});
