import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { identifyProcess, isRunning } from '../../sdk/protocol/process-identity.js';
import { findSessionLeaders } from './process-watch.js';
import { signalProcess, signalProcessGroup } from './signal-process.js';

describe('process identity', () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const { pid } of children.splice(0)) {
      try {
        process.kill(-Number(pid), 'SIGKILL');
      } catch (reason) {
        if ((reason as NodeJS.ErrnoException).code !== 'ESRCH') throw reason; // all of it has ended
      }
    }
  });

  function start(script: string, env: Record<string, string> = {}): ChildProcess {
    const child = spawn('sh', ['-c', script], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...env },
    });
    children.push(child);
    return child;
  }

  it('is the same as long as the process runs, and no longer', async () => {
    const child = start('exec sleep 60');
    const identity = identifyProcess(Number(child.pid));
    if (identity === undefined) throw new Error('it does not run');
    expect(identifyProcess(Number(child.pid))).to.deep.equal(identity);
    expect(isRunning(identity)).to.equal(true);
    expect(signalProcess(identity, 'SIGKILL')).to.equal(true);
    await once(child, 'exit');
    expect(identifyProcess(identity.pid)).to.equal(undefined);
    expect(isRunning(identity)).to.equal(false);
    expect(signalProcess(identity, 'SIGKILL')).to.equal(false);
  });

  it('tells apart two processes of one pid, and signals neither for the other', () => {
    const child = start('exec sleep 60');
    const former = { pid: Number(child.pid), startTime: `${identifyProcess(Number(child.pid))?.startTime}0` };
    expect(isRunning(former)).to.equal(false);
    expect(signalProcess(former, 'SIGKILL')).to.equal(false);
    expect(signalProcessGroup(former, 'SIGKILL')).to.equal(false);
    expect(identifyProcess(former.pid)).to.not.equal(undefined);
  });

  it('knows no process of a pid that cannot be, and its own', () => {
    expect(identifyProcess(2 ** 30)).to.equal(undefined);
    expect(identifyProcess(process.pid)?.pid).to.equal(process.pid);
  });

  it('reads past a command name with spaces and parentheses', async () => {
    const child = start('printf ") Z 1 (" > /proc/$$/comm; echo done; sleep 60');
    await once(child.stdout ?? child, 'data');
    const ticks = (pid: number) => Number(identifyProcess(pid)?.startTime.split(':')[1]);
    expect(ticks(Number(child.pid))).to.be.at.least(ticks(process.pid));
  });

  it('takes a zombie for ended', async () => {
    // The shell does not wait for its child before it is told to.
    const child = start('sleep 0 & echo $!; kill -STOP $$');
    const [said] = await once(child.stdout ?? child, 'data');
    const zombie = Number(String(said).trim());
    await until(() => identifyProcess(zombie) === undefined);
    child.kill('SIGCONT');
  });

  it('signals a whole group', async () => {
    const child = start('sleep 60 & echo $!; wait');
    const [said] = await once(child.stdout ?? child, 'data');
    const grandchild = identifyProcess(Number(String(said).trim()));
    const leader = identifyProcess(Number(child.pid));
    if (grandchild === undefined || leader === undefined) throw new Error('they do not run');
    expect(signalProcessGroup(leader, 'SIGKILL')).to.equal(true);
    await until(() => !isRunning(grandchild));
  });

  it('finds the leader of a session by its environment, not those it started', async () => {
    const value = `/p/${process.pid}/spec.json`;
    const child = start('sleep 60 & echo $!; wait', { WEAVERD_FIND: value });
    await once(child.stdout ?? child, 'data');
    const found = (wanted: string) => findSessionLeaders('WEAVERD_FIND', (each) => each === wanted);
    expect(found(value)).to.deep.equal([identifyProcess(Number(child.pid))]);
    expect(found(`${value}x`)).to.deep.equal([]);
  });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
