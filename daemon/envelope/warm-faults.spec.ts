import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { isRunning, type ProcessIdentity } from '../../sdk/protocol/process-identity.js';
import { systemClock } from '../processes/clock.js';
import { findSessionLeaders } from '../processes/process-watch.js';
import { signalProcessGroup } from '../processes/signal-process.js';
import type { ReplicaHostOptions } from './create-replica-host.js';
import { replicaId } from './replica-record.js';
import { fakeReplica, HostHarness, startHostProcess } from './spec-support/host-harness.js';
import { WarmWatch } from './spec-support/warm-watch.js';

describe('warm start, when something fails', () => {
  const both = [fakeReplica('Cart-0'), fakeReplica('Cart-1')];
  const three = [...both, fakeReplica('Cart-2')];
  const recordOf2 = `${replicaId(fakeReplica('Cart-2'))}.json`;
  let harness: HostHarness;
  let watch: WarmWatch;
  let daemon: ChildProcess | undefined;
  let left: ProcessIdentity[];
  beforeEach(async () => {
    left = [];
    harness = await HostHarness.create();
    watch = new WarmWatch(() => harness.look());
  });
  afterEach(async () => {
    daemon?.kill('SIGKILL');
    await harness.dispose();
    for (const identity of [...watch.started, ...left]) signalProcessGroup(identity, 'SIGKILL');
  });

  const open = (options: Partial<ReplicaHostOptions> = {}) =>
    harness.open({ warmProclets: 1, warmQuietMs: 20, spawner: watch, ...options });
  const untilWarm = () => harness.until(() => watch.ready[watch.ready.length - 1]);
  const waitingFolders = () =>
    readdirSync(join(harness.folder, 'p')).filter((name) => name.startsWith('warm-'));
  const recordFile = () => join(harness.folder, 'records', 'replicas', recordOf2);

  /** A daemon that keeps both, and what is ready to be told there. */
  async function daemonAndWarm() {
    daemon = await startHostProcess(harness.folder, { warm: true });
    const warm = await until(() => leaderIn(waitingFolders()[0]));
    left.push(warm);
    return { daemon, warm };
  }

  async function killed(daemon: ChildProcess) {
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
  }

  /** A record that cannot be opened before someone reads. */
  const blockRecord = () => execFileSync('mkfifo', [`${recordFile()}.new`]);
  /** It says its generation once it has read the word. */
  const untilTold = (pid: number) =>
    until(() => readFileSync(`/proc/${pid}/fd/1`, 'utf8').includes('generation 1') || undefined);

  it('ADOPT: ends by itself when its daemon was killed; the next adopts the replicas and has its own', async () => {
    const { daemon, warm } = await daemonAndWarm();
    await killed(daemon);
    await until(() => !isRunning(warm) || undefined);
    const host = await open();
    host.setDesired(both);
    expect(waitingFolders()).to.deep.equal([]);
    for (const { replica } of both) {
      const { generation } = await harness.untilState(replica, 'serving');
      expect(generation).to.equal(1);
    }
    const own = await untilWarm();
    process.kill(Number(harness.replica('Cart-0')?.pid), 'SIGKILL');
    expect((await harness.untilState('Cart-0', 'serving', 2)).pid).to.equal(own);
  });

  it('ADOPT: the next daemon ends what a killed one left that cannot end by itself', async () => {
    const { daemon, warm } = await daemonAndWarm();
    process.kill(warm.pid, 'SIGSTOP');
    await killed(daemon);
    expect(isRunning(warm)).to.equal(true);
    await open();
    await until(() => !isRunning(warm) || undefined);
    expect(waitingFolders()).to.deep.equal([]);
  });

  it('ADOPT: of a daemon killed when it had recorded, but not told it, one process remains', async () => {
    const { daemon, warm } = await daemonAndWarm();
    process.kill(warm.pid, 'SIGSTOP');
    daemon.kill('SIGUSR2');
    await until(() => (recorded()?.process?.pid === warm.pid ? true : undefined));
    await killed(daemon);
    const host = await open();
    host.setDesired(three);
    process.kill(warm.pid, 'SIGCONT');
    const { pid } = await harness.untilState('Cart-2', 'serving');
    // The word may have been on its way: then it is the replica; else it ended, and was replaced.
    if (pid !== warm.pid) await until(() => !isRunning(warm) || undefined);
    expect(replicasOf2()).to.deep.equal([pid]);
  });

  it('ADOPT: of a daemon killed when it had told, but not recorded it, the process is ended', async () => {
    const { daemon, warm } = await daemonAndWarm();
    blockRecord();
    daemon.kill('SIGUSR2');
    await untilTold(warm.pid);
    await killed(daemon);
    expect(isRunning(warm)).to.equal(true);
    const host = await open();
    host.setDesired(three);
    const { pid, generation, restarts } = await harness.untilState('Cart-2', 'serving');
    await until(() => !isRunning(warm) || undefined);
    expect([generation, restarts]).to.deep.equal([1, 0]);
    expect(replicasOf2()).to.deep.equal([pid]);
  });

  it('answers no registration before the record is written; without it the replica starts cold', async () => {
    const host = await open();
    host.setDesired(both);
    for (const { replica } of both) await harness.untilState(replica, 'serving');
    const warm = await untilWarm();
    blockRecord();
    host.setDesired(three);
    await untilTold(warm);
    expect(harness.replica('Cart-2')).to.include({ state: 'starting', pid: undefined, address: undefined });
    expect(readdirSync(join(harness.folder, 'records', 'replicas'))).to.not.include(recordOf2);
    await readFile(`${recordFile()}.new`); // a pipe cannot be synced: the record fails
    const { pid } = await harness.untilState('Cart-2', 'serving');
    expect(pid).to.not.equal(warm);
    expect((await harness.untilEvent('warm-proclet-failed')).message).to.contain('cannot write');
    await harness.until(() => !watch.ready.includes(warm));
  });

  it('ends a process that does not come to wait, and after three starts no more', async () => {
    const host = await open({ warmReadyWithinMs: 200 });
    host.setDesired(both.map((spec) => ({ ...spec, env: { FAKE: 'serve', FAKE_WARM: 'hang' } })));
    await harness.until(() => harness.events.some(({ message }) => /no more are started/.test(message)));
    const failures = harness.events.filter(({ kind }) => kind === 'warm-proclet-failed');
    expect(failures.map(({ message }) => message.split(';')[0])).to.deep.equal(
      Array.from({ length: 3 }, () => 'a warm process did not reach run() within 0.2 s'),
    );
    await harness.untilState('Cart-0', 'serving', 1);
    await until(() => watch.started.every((identity) => !isRunning(identity)) || undefined);
    await until(() => waitingFolders().length === 0 || undefined);
  });

  it('ends a process that writes more than 1 MiB while it waits, and starts no more', async () => {
    // Its output is looked at once a minute.
    const hurried = (ms: number, run: () => void) => systemClock.after(ms === 60_000 ? 20 : ms, run);
    const host = await open({ clock: { ...systemClock, after: hurried } });
    host.setDesired(both.map((spec) => ({ ...spec, env: { FAKE: 'serve', FAKE_WARM: 'chatty' } })));
    const { message } = await harness.untilEvent('warm-proclet-failed');
    expect(message).to.equal(
      'a warm process wrote 2097161 bytes of output while it waited; no more are started for v1',
    );
    await until(() => watch.started.every((identity) => !isRunning(identity)) || undefined);
    const output = () => readdirSync(join(harness.folder, 'output'));
    await until(() => !output().some((name) => name.startsWith('warm-')) || undefined);
    expect(watch.started).to.have.length(1);
  });

  function recorded(): { process?: { pid: number } } | undefined {
    const name = readdirSync(join(recordFile(), '..')).find((each) => each === recordOf2);
    return name === undefined ? undefined : JSON.parse(readFileSync(recordFile(), 'utf8'));
  }

  /** Processes that run in a folder of Cart-2. */
  function replicasOf2(): readonly number[] {
    const folder = join(harness.folder, 'p', replicaId(fakeReplica('Cart-2')));
    return findSessionLeaders('WEAVERD_PROCLET', (value) => value.startsWith(harness.folder))
      .map(({ pid }) => pid)
      .filter((pid) => readlinkSync(`/proc/${pid}/cwd`).startsWith(folder));
  }

  function leaderIn(folder: string | undefined) {
    if (folder === undefined) return undefined;
    const specFile = join(harness.folder, 'p', folder, 'spec.json');
    return findSessionLeaders('WEAVERD_PROCLET', (value) => value === specFile)[0];
  }
});

async function until<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
