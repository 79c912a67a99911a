import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readRedisConfig, redisConfigSchema } from './redis-config.js';

describe('redis configuration', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wd-redis-config-'));
  after(() => rmSync(folder, { recursive: true }));
  const read = (given: object) =>
    readRedisConfig(redisConfigSchema.parse(given), join(folder, 'weaverd.toml'), folder);
  const refusal = (given: object) => redisConfigSchema.safeParse(given).error?.issues[0]?.message;

  it('knows one server, Sentinels and a cluster, with the usual ports', async () => {
    expect((await read({ url: 'redis://10.0.0.1' })).store).to.deep.equal({
      kind: 'redis',
      at: { kind: 'standalone', server: { host: '10.0.0.1', port: 6379 }, database: 0 },
      keyPrefix: 'weaverd:',
      cacheBytes: 64 * 1024 ** 2,
    });
    const { store } = await read({ url: 'rediss://[fd00::1]:7000/3', cacheSize: '2KiB', keyPrefix: '' });
    expect(store).to.deep.equal({
      kind: 'redis',
      at: { kind: 'standalone', server: { host: 'fd00::1', port: 7000 }, database: 3 },
      tls: {},
      keyPrefix: '',
      cacheBytes: 2048,
    });
    expect((await read({ sentinels: ['a', 'b:7'], name: 'main' })).store.at).to.deep.equal({
      kind: 'sentinel',
      sentinels: [
        { host: 'a', port: 26379 },
        { host: 'b', port: 7 },
      ],
      name: 'main',
      database: 0,
    });
    expect((await read({ nodes: ['a:1', 'b'] })).store.at).to.deep.equal({
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 6379 },
      ],
    });
  });

  it('reads a password and a key that nobody else may read, and no others', async () => {
    writeFileSync(join(folder, 'password'), 's3cret\n', { mode: 0o600 });
    writeFileSync(join(folder, 'key.pem'), 'KEY', { mode: 0o600 });
    writeFileSync(join(folder, 'cert.pem'), 'CERT');
    const given = {
      url: 'redis://h',
      username: 'weaverd',
      passwordFile: 'password',
      tls: { certFile: 'cert.pem', keyFile: 'key.pem' },
    };
    const { store, secretFiles } = await read(given);
    expect(store).to.deep.include({
      username: 'weaverd',
      password: 's3cret',
      tls: { cert: 'CERT', key: 'KEY' },
    });
    expect(secretFiles).to.deep.equal([join(folder, 'password'), join(folder, 'key.pem')]);
    chmodSync(join(folder, 'password'), 0o640);
    const refused = await read(given).catch((reason: Error) => reason);
    expect(String(refused))
      .to.contain(`chmod 600 ${join(folder, 'password')}`)
      .and.not.contain('s3cret');
    const missing = await read({ url: 'redis://h', passwordFile: 'none' }).catch((reason: Error) => reason);
    expect(String(missing)).to.contain('redis.passwordFile').and.contain('cannot be read');
  });

  it('refuses credentials in addresses, none or two places, and braces in the prefix', () => {
    expect(refusal({ url: 'redis://u:p@10.0.0.1' })).to.contain('belong into a file');
    expect(refusal({ nodes: ['redis://10.0.0.1'] })).to.contain('such as');
    expect(refusal({})).to.contain('needs one of');
    expect(refusal({ url: 'redis://h', nodes: ['h'] })).to.contain('needs one of');
    expect(refusal({ sentinels: ['h'] })).to.contain('together');
    expect(refusal({ url: 'redis://h', keyPrefix: '{a}' })).to.contain('no braces');
    expect(refusal({ url: 'redis://h', cacheSize: '64MB' })).to.contain('64MiB');
    expect(refusal({ url: 'redis://h', tls: { certFile: 'a' } })).to.be.a('string');
  });
});
