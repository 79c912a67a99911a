import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { RedisRecords } from './redis.js';
import { type RedisServer, redisServer } from './redis-server.js';

describe('bench peer Redis', function () {
  this.timeout(30_000);
  let folder: string;
  let server: RedisServer;
  let records: RedisRecords;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wbr-'));
    server = await redisServer(folder, 'everysec');
    records = new RedisRecords(server.socketPath);
  });

  after(async () => {
    records.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  for (const [way, modify] of [
    ['watching', (at: number) => records.modify('key', at, 'x')],
    ['a script', (at: number) => records.modifyByScript('key', at, 'x')],
  ] as const)
    it(`loses none of the modifications made at once by ${way}`, async () => {
      await records.update('key', '-'.repeat(50));
      await Promise.all(Array.from({ length: 50 }, (_, at) => modify(at)));
      expect(await records.read('key')).to.equal('x'.repeat(50));
    });

  it('says that there is no record', async () => {
    expect(await records.read('none')).to.equal(undefined);
    expect(await records.modify('none', 0, 'x')).to.equal(undefined);
    expect(await records.modifyByScript('none', 0, 'x')).to.equal(undefined);
  });
});
