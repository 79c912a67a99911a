import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const SCRIPT = `
  import { untilClaimed } from ${JSON.stringify(fileURLToPath(new URL('./until-claimed.ts', import.meta.url)))};
  await untilClaimed(process.env);
  const { WEAVERD_PROCLET: spec, WEAVERD_PROCLET_CHANNEL: channel = 'none' } = process.env;
  process.stdout.write(JSON.stringify({ cwd: process.cwd(), spec, channel }));
`;

describe('untilClaimed', () => {
  let child: ChildProcess;
  let channel: Socket;
  let said: string;
  beforeEach(async () => {
    child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', SCRIPT], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
      env: { ...process.env, WEAVERD_PROCLET: '/nowhere/spec.json', WEAVERD_PROCLET_CHANNEL: '3' },
    });
    const pipe = child.stdio[3];
    if (!(pipe instanceof Socket)) throw new Error('it has no channel');
    channel = pipe;
    said = '';
    channel.on('data', (chunk) => {
      said += chunk;
    });
    await once(channel, 'data');
  });
  afterEach(() => child.kill('SIGKILL'));

  it('takes spec file and folder that it is told, answers, and lets go of the channel', async () => {
    expect(said).to.equal('ready\n');
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'wd-')));
    const ended = once(channel, 'close');
    channel.write(`${folder}/spec`);
    channel.write('.json\n');
    const [output] = await once(child.stdout ?? child, 'data');
    expect(JSON.parse(String(output))).to.deep.equal({
      cwd: folder,
      spec: join(folder, 'spec.json'),
      channel: 'none',
    });
    await ended;
    expect(said).to.equal('ready\nclaimed\n');
    await rm(folder, { recursive: true });
  });

  it('ends the process when what it is told has no end', async () => {
    const exited = once(child, 'exit');
    channel.on('error', () => {}); // it may be cut while it is written to
    channel.write('x'.repeat(70_000));
    expect(await exited).to.deep.equal([1, null]);
  });

  it('ends the process when the daemon goes', async () => {
    const exited = once(child, 'exit');
    channel.destroy();
    expect(await exited).to.deep.equal([0, null]);
  });
});
