import { fakeReplica, HostHarness } from './host-harness.js';

// A daemon's replica host in a process of its own, to be killed: `node --import tsx host-process.ts <folder>`.
const harness = await HostHarness.create(process.argv[2]);
const host = await harness.open();
host.setDesired([fakeReplica('Cart-0')]);
await harness.untilState('Cart-0', 'serving');
process.stdout.write('serving\n');
