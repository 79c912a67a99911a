import { join } from 'node:path';
import { expect } from 'chai';
import { fakeReplica, HostHarness } from './spec-support/host-harness.js';
import { createSmallDisk, type SmallDisk } from './spec-support/small-disk.js';

describe('a replica host on a full disk', () => {
  let harness: HostHarness;
  let disk: SmallDisk;
  beforeEach(async () => {
    disk = createSmallDisk();
    harness = await HostHarness.create();
  });
  afterEach(async () => {
    await harness.dispose();
    disk.dispose();
  });

  it('lets a new replica wait with the reason, disturbs no other, and starts it once there is space', async () => {
    const host = await harness.open({ recordFolder: join(disk.folder, 'records') });
    host.setDesired([fakeReplica('Cart-0')]);
    const { pid } = await harness.untilState('Cart-0', 'serving');
    disk.fill();
    host.setDesired([fakeReplica('Cart-0'), fakeReplica('Cart-1')]);
    const waiting = await harness.until(() => {
      const replica = harness.replica('Cart-1');
      return replica?.lastFailure !== undefined && replica;
    });
    expect(waiting.lastFailure).to.match(/^cannot write .*: E(NOSPC|NOTDIR)/);
    expect([waiting.pid, waiting.generation, waiting.restarts]).to.deep.equal([undefined, 0, 0]);
    expect(harness.replica('Cart-0')).to.include({ state: 'serving', pid, generation: 1 });
    disk.free();
    expect((await harness.untilState('Cart-1', 'serving')).generation).to.equal(1);
    expect(harness.replica('Cart-0')).to.include({ state: 'serving', pid, generation: 1 });
  });

  it('stops replicas all the same', async () => {
    const host = await harness.open({ recordFolder: join(disk.folder, 'records') });
    host.setDesired([fakeReplica('Cart-0')]);
    await harness.untilState('Cart-0', 'serving');
    disk.fill();
    host.setDesired([]);
    await harness.until(() => host.observed().length === 0);
    const problem = await harness.until(() => harness.problems.get('replica records'));
    expect(problem).to.match(/^cannot write /);
  });

  it('starts no process whose spec file cannot be written', async () => {
    const host = await harness.open({ procletFolder: join(disk.folder, 'p') });
    disk.fill();
    host.setDesired([fakeReplica('Cart-0')]);
    await harness.untilEvent('replica-not-started');
    expect(harness.replica('Cart-0')?.pid).to.equal(undefined);
    disk.free();
    await harness.untilState('Cart-0', 'serving');
  });
});
