import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { signalProcessGroup } from '../processes/signal-process.js';
import { fakeReplica, HostHarness } from './spec-support/host-harness.js';
import { WarmWatch } from './spec-support/warm-watch.js';

describe('warm start', () => {
  const both = [fakeReplica('Cart-0'), fakeReplica('Cart-1')];
  let harness: HostHarness;
  let watch: WarmWatch;
  beforeEach(async () => {
    harness = await HostHarness.create();
    watch = new WarmWatch(() => harness.look());
  });
  afterEach(async () => {
    await harness.dispose();
    for (const identity of watch.started) signalProcessGroup(identity, 'SIGKILL');
  });

  const open = (warmProclets = 1) => harness.open({ warmProclets, warmQuietMs: 20, spawner: watch });
  const untilWarm = () => harness.until(() => watch.ready[watch.ready.length - 1]);
  const waitingFolders = () =>
    readdirSync(join(harness.folder, 'p')).filter((name) => name.startsWith('warm-'));

  const records = (): { process?: { pid: number } }[] => {
    const folder = join(harness.folder, 'records', 'replicas');
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
  };

  async function serving() {
    const host = await open();
    host.setDesired(both);
    for (const { replica } of both) await harness.untilState(replica, 'serving');
    return host;
  }

  it('makes the waiting process the replacement of one that died, and starts another to wait', async () => {
    const host = await serving();
    const warm = await untilWarm();
    expect(
      host.observed().map(({ pid }) => pid),
      'no replica',
    ).to.not.include(warm);
    process.kill(Number(harness.replica('Cart-0')?.pid), 'SIGKILL');
    const again = await harness.untilState('Cart-0', 'serving', 2);
    expect([again.pid, again.restarts]).to.deep.equal([warm, 1]);
    await harness.until(() => watch.ready.some((pid) => pid !== warm));
  });

  it('gives it folder, record and log of the replica', async () => {
    const host = await serving();
    const warm = await untilWarm();
    host.setDesired([...both, fakeReplica('Cart-2')]);
    const { pid, address } = await harness.untilState('Cart-2', 'serving');
    expect(pid).to.equal(warm);
    const folder = readlinkSync(`/proc/${pid}/cwd`);
    expect(folder).to.match(/\/p\/[0-9a-f]{12}-1$/);
    expect(address).to.deep.equal({ kind: 'unix', path: join(folder, 'serve.sock') });
    // What it wrote before anyone knew which replica it would be is in that replica's log, too.
    await harness.untilLog(new RegExp(`^generation 1 in ${folder}$`));
    const lines = harness.logs.filter(({ replica, source }) => replica === 'Cart-2' && source === 'stdout');
    expect(lines.map(({ message }) => message)).to.deep.equal(['imported', `generation 1 in ${folder}`]);
  });

  it('goes on with the log of the generation before', async () => {
    await serving();
    await untilWarm();
    await harness.untilLog(/^generation 1 in .*/);
    process.kill(Number(harness.replica('Cart-0')?.pid), 'SIGKILL');
    const { pid } = await harness.untilState('Cart-0', 'serving', 2);
    await harness.untilLog(/^generation 2 in /);
    const lines = harness.logs.filter(({ replica, source }) => replica === 'Cart-0' && source === 'stdout');
    expect(lines.map(({ message }) => message.split(' in ')[0])).to.deep.equal([
      ...['imported', 'generation 1'],
      ...['imported', 'generation 2'],
    ]);
    expect(readlinkSync(`/proc/${pid}/fd/1`)).to.match(/\/output\/Cart-0-[0-9a-f]{12}\.out$/);
  });

  it('starts the replica cold when the waiting process was killed, or hangs; it was recorded while it was told', async () => {
    const host = await serving();
    for (const [replica, signal] of [
      ['Cart-2', 'SIGKILL'],
      ['Cart-3', 'SIGSTOP'],
    ] as const) {
      const warm = await untilWarm();
      process.kill(warm, signal);
      host.setDesired([
        ...both,
        fakeReplica('Cart-2'),
        ...(replica === 'Cart-3' ? [fakeReplica(replica)] : []),
      ]);
      if (signal === 'SIGSTOP') await until(() => records().find(({ process }) => process?.pid === warm));
      const { pid, restarts } = await harness.untilState(replica, 'serving');
      expect([pid === warm, restarts]).to.deep.equal([false, 0]);
      await harness.until(() => !watch.ready.includes(warm));
      await harness.untilEvent('warm-proclet-failed');
    }
  }).timeout(20_000);

  it('uses it only for what would be started in the same way', async () => {
    const host = await serving();
    const warm = await untilWarm();
    host.setDesired([...both, { ...fakeReplica('Cart-2'), memoryMiB: 64 }]);
    const { pid } = await harness.untilState('Cart-2', 'serving');
    expect(pid).to.not.equal(warm);
    expect(watch.ready).to.include(warm);
  });

  it('ends it with its version, and keeps none for a single replica', async () => {
    const host = await serving();
    const warm = await untilWarm();
    host.setDesired([fakeReplica('Cart-0', 'serve', 'v2'), fakeReplica('Cart-1', 'serve', 'v2')]);
    await harness.until(() => !watch.ready.includes(warm));
    const next = await untilWarm();
    host.setDesired([fakeReplica('Cart-0', 'serve', 'v2')]);
    await harness.until(() => !watch.ready.includes(next));
    await harness.until(() => host.observed().length === 1);
  });

  it('gives up on an app that ends before it waits, and serves all the same', async () => {
    const host = await open();
    // Dies on import when it has the channel: as an app whose SDK knows nothing of it.
    const broken = both.map((spec) => ({ ...spec, env: { FAKE: 'serve', FAKE_WARM: 'crash' } }));
    host.setDesired(broken);
    await harness.until(() => harness.events.some(({ message }) => /no more are started/.test(message)));
    expect(watch.started.length).to.equal(3);
    await harness.untilState('Cart-0', 'serving', 1);
    await until(() => waitingFolders().length === 0 || undefined);
  });

  it('ends it when the daemon closes, whether the replicas stop or not', async () => {
    const host = await serving();
    const warm = await untilWarm();
    await host.close({ stopProclets: false });
    await harness.until(() => !watch.ready.includes(warm));
    const next = await open();
    next.setDesired(both);
    for (const { replica } of both) await harness.untilState(replica, 'serving');
    const second = await untilWarm();
    await next.close({ stopProclets: true });
    await harness.until(() => !watch.ready.includes(second));
    const output = () => readdirSync(join(harness.folder, 'output'));
    await until(() => !output().some((name) => name.startsWith('warm-')) || undefined);
  });

  it('ADOPT: what was warm is adopted as any other', async () => {
    const host = await serving();
    const warm = await untilWarm();
    host.setDesired([...both, fakeReplica('Cart-2')]);
    await harness.untilState('Cart-2', 'serving');
    await harness.drop();
    const next = await open();
    next.setDesired([...both, fakeReplica('Cart-2')]);
    const { pid, generation, restarts } = await harness.untilState('Cart-2', 'serving');
    expect([pid, generation, restarts]).to.deep.equal([warm, 1, 0]);
  });
});

async function until<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
