import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ApiClient } from './api/client.js';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

describe('daemon process', () => {
  let folder: string;
  let client: ApiClient;
  let started: ChildProcess[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wd-'));
    client = new ApiClient(folder);
    started = [];
  });
  afterEach(async () => {
    client.close();
    for (const child of started) {
      child.stdout?.destroy();
      child.stderr?.destroy();
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true });
  });

  function launch(stdio: ('ignore' | 'pipe' | 'ipc')[], ...args: string[]): ChildProcess {
    const child = spawn(process.execPath, ['--import', 'tsx', MAIN, '--state', folder, ...args], { stdio });
    started.push(child);
    return child;
  }

  async function ready(child: ChildProcess): Promise<unknown> {
    if (child.stdout === null) throw new Error('no output');
    for await (const line of createInterface({ input: child.stdout })) {
      const said = JSON.parse(line) as { readonly ready?: boolean };
      if (said.ready === true) return said;
    }
    throw new Error('it ended before it was ready');
  }

  it('says when it is ready, and ends by SIGTERM', async () => {
    const child = launch(['ignore', 'pipe', 'pipe']);
    expect(await ready(child)).to.deep.include({ pid: child.pid, stateFolder: folder });
    expect((await client.status()).pid).to.equal(child.pid);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).to.deep.equal([0, null]);
  });

  it('refuses a second one on its folder, and is replaced once it was killed', async () => {
    const first = launch(['ignore', 'pipe', 'pipe']);
    await ready(first);
    const second = launch(['ignore', 'pipe', 'pipe']);
    let said = '';
    second.stderr?.on('data', (chunk) => {
      said += chunk;
    });
    expect((await once(second, 'close'))[0]).to.equal(1);
    expect(said).to.contain(`pid ${first.pid}`);
    first.kill('SIGKILL');
    await once(first, 'exit');
    const third = launch(['ignore', 'pipe', 'pipe']);
    await ready(third);
    expect((await client.status()).pid).to.equal(third.pid);
  });

  it('ends when the one who started it is gone, if it is to', async () => {
    const child = launch(['ignore', 'pipe', 'pipe', 'ipc'], '--stop-proclets-on-exit');
    const [message] = await once(child, 'message');
    expect(message).to.deep.include({ ready: true, pid: child.pid });
    child.stdout?.resume();
    child.disconnect();
    expect(await once(child, 'exit')).to.deep.equal([0, null]);
  });

  it('names an argument it does not know', async () => {
    const child = launch(['ignore', 'ignore', 'pipe'], '--colour');
    let said = '';
    child.stderr?.on('data', (chunk) => {
      said += chunk;
    });
    expect((await once(child, 'close'))[0]).to.equal(1);
    expect(said).to.contain('--colour').and.to.contain('--state');
  });
});
