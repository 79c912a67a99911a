import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { REPOSITORY } from './support/weaverd.js';

const execute = promisify(execFile);

describe('the package', function () {
  this.timeout(300_000);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wk-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('installs into an empty folder, and builds and runs hello there', async () => {
    const packed = await execute(
      'npm',
      ['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
      { cwd: REPOSITORY },
    );
    const [{ filename, files }] = JSON.parse(packed.stdout) as [
      { filename: string; files: { path: string }[] },
    ];
    expect(
      files.filter(({ path }) => /\.spec\.|spec-support|fixtures/.test(path)),
      'no tests in the package',
    ).to.deep.equal([]);

    const run = (command: string, ...args: string[]) =>
      execute(command, args, { cwd: folder, timeout: 120_000 });
    await writeFile(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'my-hello', private: true, type: 'module' }),
    );
    await run(
      'npm',
      'install',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      `./${filename}`,
      '@types/node@20',
    );
    await copyFile(join(REPOSITORY, 'examples/hello/main.ts'), join(folder, 'main.ts'));

    const built = JSON.parse((await run('npx', 'weaverd', 'build', '--json')).stdout) as {
      description: { version: string };
    };
    expect(built.description.version).to.match(/^[0-9a-f]{16}$/);
    await startAndGreet(folder);
  });
});

/** `npx weaverd run`, asked over HTTP at the address that it prints. */
async function startAndGreet(cwd: string): Promise<void> {
  const { spawn } = await import('node:child_process');
  const child = spawn('npx', ['weaverd', 'run'], { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no address within a minute:\n${output}`)), 60_000);
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const [, found] = /\bopen at (http:\S+)/.exec(output) ?? [];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', (code) => reject(new Error(`weaverd run ended with ${code}:\n${output}`)));
  });
  try {
    const response = await fetch(`${url}/?name=Ann`, { signal: AbortSignal.timeout(20_000) });
    expect(await response.text()).to.equal('Hello, Ann!\n');
  } finally {
    const exited = new Promise((resolve) => child.once('exit', resolve));
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
    await exited;
  }
}
