import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { ConfigError, formatConfigProblem } from './config-problem.js';
import { loadApp, sanitiseAppName } from './load-app-manifest.js';

describe('loadApp', () => {
  let root: string;
  let folder: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'weaverd-config-'));
    folder = join(root, 'My Shop 2');
    await mkdir(folder);
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  async function write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
  }

  async function problem(arg?: string): Promise<string> {
    try {
      await loadApp(arg, folder);
    } catch (reason) {
      if (reason instanceof ConfigError) return reason.problems.map(formatConfigProblem).join('\n');
      throw reason;
    }
    throw new Error('the app was accepted');
  }

  it('needs no manifest', async () => {
    await write({ 'main.ts': '' });
    const app = await loadApp(undefined, folder);
    expect(app).to.include({ name: 'my-shop-2', folder, entry: join(folder, 'main.ts'), source: undefined });
    expect(app.manifest).to.include({ name: 'my-shop-2', entry: 'main.ts' });
  });

  it('tries main.ts, src/main.ts, index.ts in this order', async () => {
    await write({ 'index.ts': '' });
    expect((await loadApp('.', folder)).manifest.entry).to.equal('index.ts');
    await write({ 'src/main.ts': '' });
    expect((await loadApp('.', folder)).manifest.entry).to.equal('src/main.ts');
    await write({ 'main.ts': '' });
    expect((await loadApp('.', folder)).manifest.entry).to.equal('main.ts');
  });

  it('takes name and entry from the manifest of a folder', async () => {
    await write({
      'weaver.toml': 'name = "shop"\nentry = "app/start.ts"',
      'app/start.ts': '',
      'main.ts': '',
    });
    const app = await loadApp('My Shop 2', root);
    expect(app).to.include({ name: 'shop', entry: join(folder, 'app/start.ts') });
    expect(app.source?.file).to.equal(join(folder, 'weaver.toml'));
  });

  it('takes any *.toml as the manifest of its folder', async () => {
    await write({ 'weaver.toml': 'name = "shop"', 'staging.toml': 'name = "shop-staging"', 'main.ts': '' });
    expect(await loadApp('staging.toml', folder)).to.include({ name: 'shop-staging', folder });
  });

  it('takes an entry file, with the manifest beside it', async () => {
    await write({ 'other.ts': '', 'src/main.ts': '', 'weaver.toml': '[calls]\ntimeout = "3s"' });
    const other = await loadApp('other.ts', folder);
    expect(other).to.include({ name: 'other', folder, entry: join(folder, 'other.ts') });
    expect(other.manifest.calls.timeout).to.equal(3000);
    expect(await loadApp('src/main.ts', folder)).to.include({ name: 'my-shop-2', folder });
  });

  it('names what is missing, and the mend', async () => {
    expect(await problem('nowhere')).to.equal(
      "no such file or folder: nowhere; give the app's folder, its weaver.toml or its entry file",
    );
    expect(await problem()).to.equal(
      `no entry file in ${folder}: none of main.ts, src/main.ts, index.ts is there; write one that calls run(), or name it with \`entry = "…"\` in weaver.toml`,
    );
    await write({ 'notes.md': '', 'weaver.toml': 'entry = "start.ts"' });
    expect(await problem('notes.md')).to.contain(
      'notes.md is neither a folder, a manifest (*.toml) nor an entry',
    );
    expect(await problem()).to.equal(
      `${join(folder, 'weaver.toml')}: \`entry\` names start.ts, which is no file in ${folder}; name the module that calls run(), relative to the manifest`,
    );
  });

  it('reports what is wrong in the manifest with its path', async () => {
    await write({ 'main.ts': '', 'weaver.toml': 'nam = "shop"' });
    expect(await problem()).to.equal(
      `${join(folder, 'weaver.toml')}:1: unknown key \`nam\` in the top level; did you mean \`name\`?`,
    );
  });
});

describe('sanitiseAppName', () => {
  it('makes a valid name of anything', () => {
    expect(sanitiseAppName('My Shop_2')).to.equal('my-shop-2');
    expect(sanitiseAppName('2048--Game!')).to.equal('game');
    expect(sanitiseAppName('日本')).to.equal('app');
    expect(sanitiseAppName('x'.repeat(60))).to.have.length(40);
  });
});
