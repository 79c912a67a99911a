import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { RedisServer } from './support/redis-server.js';
import { REPOSITORY, TestDaemon } from './support/weaverd.js';

const PASSWORD = 'a-password-of-redis';

describe('state of a deployed app in Redis', function () {
  this.timeout(180_000);
  let daemon: TestDaemon;
  let redis: RedisServer;
  let folder: string;
  let url: string;

  const ask = async (method: string, path: string, body?: string): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
      method,
      signal: AbortSignal.timeout(30_000),
      ...(body === undefined ? {} : { body }),
    });
    return response.status === 200 ? response.json() : response.text();
  };
  const owners = async () => {
    const { apps } = await daemon.status();
    return apps
      .flatMap(({ groups }) => groups)
      .filter(({ components }) => components.includes('Store'))
      .flatMap(({ replicas }) => replicas)
      .filter(({ state }) => state === 'serving')
      .flatMap(({ pid }) => pid ?? []);
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wkr-'));
    redis = await RedisServer.start({ password: PASSWORD, config: ['appendfsync always'] });
    url = `http://127.0.0.1:${await freePort()}`;
    await mkdir(join(folder, 'node_modules'));
    await symlink(REPOSITORY, join(folder, 'node_modules/weaverd'));
    for (const file of ['main.ts', 'store.ts'])
      await writeFile(join(folder, file), await readFile(join(REPOSITORY, 'examples/kv', file)));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(
      join(folder, 'weaver.toml'),
      `name = "kv"\n[listeners.kv]\nport = ${new URL(url).port}\n[components.Store]\nreplicas = 3\n`,
    );
    await writeFile(join(folder, 'password'), PASSWORD, { mode: 0o600 });
    const config = join(folder, 'weaverd.toml');
    await writeFile(config, `[redis]\nurl = "redis://127.0.0.1:${redis.port}"\npasswordFile = "password"\n`);
    daemon = await TestDaemon.start(undefined, config);
    await daemon.must('deploy', folder);
  });

  after(async () => {
    await daemon.destroy();
    await redis.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  it('NO-LOSS: several replicas write, each its keys; what was acknowledged outlives an owner and the server', async () => {
    const keys = Array.from({ length: 60 }, (_, i) => `k${i}`);
    const last = new Map<string, number>();
    const put = async (key: string): Promise<boolean> => {
      const found = (await ask('PUT', `/${key}`, 'x').catch(() => undefined)) as { revision?: number };
      if (typeof found?.revision !== 'number') return false;
      expect(found.revision).to.be.above(last.get(key) ?? 0);
      last.set(key, found.revision);
      return true;
    };
    const all = () => Promise.all(keys.map(put));
    expect((await all()).every(Boolean)).to.equal(true);
    const before = await owners();
    expect(before).to.have.length(3);
    process.kill(before[0] ?? 0, 'SIGKILL');
    await all();
    await eventually('another owner writes', async () => (await all()).every(Boolean) || undefined, 60_000);
    await redis.kill();
    await redis.start();
    await eventually('all are written again', async () => (await all()).every(Boolean) || undefined, 60_000);
    for (const key of keys) {
      const found = (await ask('GET', `/${key}`)) as { readonly revision: number };
      expect(found.revision).to.be.at.least(last.get(key) ?? 0);
    }
  });

  it('lets the doctor look at the server, and gives its password away nowhere', async () => {
    const { code, stdout } = await daemon.run('doctor', '--json');
    expect(stdout).not.to.contain(PASSWORD);
    const { findings } = JSON.parse(stdout) as {
      readonly findings: readonly { check: string; level: string }[];
    };
    expect(findings.find(({ check }) => check === 'redis')?.level).to.equal('ok');
    expect(code, stdout).to.equal(0);
    for (const pid of await owners()) {
      const [args, env] = await Promise.all(
        ['cmdline', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')),
      );
      expect(`${args}${env}`).not.to.contain(PASSWORD);
    }
    expect(await daemon.must('logs', 'kv')).not.to.contain(PASSWORD);
  });
});
