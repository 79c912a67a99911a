import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemSpawner } from './process-spawner.js';

describe('systemSpawner', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wd-spawn-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const command = (script: string) => ({
    file: '/bin/sh',
    args: ['-c', script],
    cwd: folder,
    env: { ONLY: 'this' },
    stdout: join(folder, 'out'),
    stderr: join(folder, 'err'),
  });

  it('appends the streams to files, gives no other environment, and tells the exit', async () => {
    const script = 'echo "$ONLY$HOME"; pwd; echo no >&2; exit 7';
    for (let time = 0; time < 2; time++) {
      const { exited } = await systemSpawner.spawn(command(script));
      expect(await exited).to.deep.equal({ code: 7, signal: null });
    }
    expect(readFileSync(join(folder, 'out'), 'utf8')).to.equal(`this\n${folder}\n`.repeat(2));
    expect(readFileSync(join(folder, 'err'), 'utf8')).to.equal('no\nno\n');
  });

  it('starts a session of its own', async () => {
    const { identity, exited } = await systemSpawner.spawn(command('cut -d" " -f6 /proc/$$/stat'));
    await exited;
    expect(readFileSync(join(folder, 'out'), 'utf8')).to.equal(`${identity.pid}\n`);
  });

  it('tells the signal that ended it', async () => {
    const { exited } = await systemSpawner.spawn(command('kill -KILL $$'));
    expect(await exited).to.deep.equal({ code: null, signal: 'SIGKILL' });
  });

  it('rejects with the name of what cannot be started', async () => {
    const missing = { ...command(''), file: join(folder, 'nothing') };
    const reason = await systemSpawner.spawn(missing).catch((error: Error) => error.message);
    expect(reason).to.match(/^cannot start .*nothing: .*ENOENT/);
  });
});
