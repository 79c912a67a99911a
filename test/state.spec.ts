import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { freePort } from './support/free-port.js';
import { REPOSITORY, TestDaemon } from './support/weaverd.js';

describe('state of a deployed app', function () {
  this.timeout(180_000);
  let daemon: TestDaemon;
  let folder: string;
  let url: string;

  /** The example, with another text in place of one of its own. */
  const write = async (from = '', to = ''): Promise<void> => {
    for (const file of ['main.ts', 'store.ts']) {
      const text = await readFile(join(REPOSITORY, 'examples/kv', file), 'utf8');
      await writeFile(join(folder, file), text.replace(from, to));
    }
  };
  const ask = async (method: string, path: string, body?: string): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
      method,
      signal: AbortSignal.timeout(60_000),
      ...(body === undefined ? {} : { body }),
    });
    return response.status === 200 ? response.json() : response.status;
  };
  const manifest = (more = ''): Promise<void> =>
    writeFile(
      join(folder, 'weaver.toml'),
      `name = "kv"\n[listeners.kv]\nport = ${new URL(url).port}\n${more}`,
    );

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wkv-'));
    await mkdir(join(folder, 'node_modules'));
    await symlink(REPOSITORY, join(folder, 'node_modules/weaverd'));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    url = `http://127.0.0.1:${await freePort()}`;
    await manifest();
    daemon = await TestDaemon.start();
    await write();
    await daemon.must('deploy', folder);
  });

  after(async () => {
    await daemon.destroy();
    await rm(folder, { recursive: true, force: true });
  });

  it('NO-LOSS: a new version has what the old one acknowledged, up to the last write before it', async () => {
    expect(await ask('PUT', '/a', 'one')).to.deep.equal({ revision: 1 });
    let acknowledged = 0;
    let failed = 0;
    let isDone = false;
    const writing = (async () => {
      while (!isDone) {
        const put = await ask('PUT', '/counted', 'x').catch(() => undefined);
        if (typeof put === 'object') acknowledged++;
        else failed++;
      }
    })();
    await write('readonly revision: number;', 'readonly revision: number;\n  readonly note?: string;');
    await daemon.must('deploy', folder);
    isDone = true;
    await writing;
    expect(acknowledged).to.be.above(0);
    const counted = (await ask('GET', '/counted')) as { readonly revision: number };
    expect(counted.revision).to.be.within(acknowledged, acknowledged + failed);
    expect(await ask('GET', '/a')).to.deep.equal({ value: 'one', revision: 1 });
  });

  it('refuses a version that cannot read what is stored before anything starts, and names the field', async () => {
    await write('readonly revision: number;', 'readonly revision: number;\n  readonly owner: boolean;');
    await writeFile(
      join(folder, 'store.ts'),
      (await readFile(join(folder, 'store.ts'), 'utf8')).replace('({ value,', '({ owner: true, value,'),
    );
    const refused = await daemon.run('deploy', folder);
    expect(refused.code).to.equal(1);
    expect(refused.stderr)
      .to.match(/the state items of Store: this version cannot read what version [0-9a-f]{16} stored/)
      .and.to.contain('`owner` is not optional, and was not stored')
      .and.to.match(/mend: make what was added optional/);
    expect(await ask('GET', '/a')).to.deep.equal({ value: 'one', revision: 1 });
  });

  it('fails the calls of a version that was deployed nevertheless, and changes nothing', async () => {
    const allowed = await daemon.run('deploy', folder, '--allow-incompatible-state');
    expect(allowed.code, allowed.stderr).to.equal(0);
    expect(allowed.stderr).to.contain('warning: the state items of Store');
    const response = await fetch(`${url}/a`, { signal: AbortSignal.timeout(60_000) });
    expect(response.status).to.equal(503);
    expect(await response.text())
      .to.match(/SCHEMA_INCOMPATIBLE/)
      .and.to.match(/owner/);
    await write();
    await daemon.must('deploy', folder);
    expect(await ask('GET', '/a')).to.deep.equal({ value: 'one', revision: 1 });
  });

  it('refuses a version of which the one before could not read what it stores', async () => {
    const more = 'readonly revision: number | string;';
    await write('readonly revision: number;', more);
    await writeFile(
      join(folder, 'store.ts'),
      (await readFile(join(folder, 'store.ts'), 'utf8'))
        .replace('?.revision ?? 0', '?.revision ? 7 : 0')
        .replace('Promise<number>', 'Promise<number | string>'),
    );
    const refused = await daemon.run('deploy', folder);
    expect(refused.code, refused.stderr).to.equal(1);
    expect(refused.stderr)
      .to.match(
        /version [0-9a-f]{16}, deployed before, cannot read what this one stores: `revision` was string/,
      )
      .and.to.contain('there would be no way back');
  });

  it('refuses a deployment in which the component has two replicas', async () => {
    await manifest('[components.Store]\nreplicas = 2\n');
    const refused = await daemon.run('deploy', folder);
    expect(refused.code).to.not.equal(0);
    expect(refused.stderr).to.contain('component "Store" has state (items) and up to 2 replicas');
    expect(await ask('GET', '/a')).to.deep.equal({ value: 'one', revision: 1 });
  });
});
