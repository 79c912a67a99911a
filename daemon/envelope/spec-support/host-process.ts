import { fakeReplica, HostHarness } from './host-harness.js';

// A daemon's replica host in a process of its own, to be killed: `node --import tsx host-process.ts <folder> [warm]`.
const [, , folder, warm] = process.argv;
const replicas = warm === undefined ? ['Cart-0'] : ['Cart-0', 'Cart-1'];
const harness = await HostHarness.create(folder);
const host = await harness.open({ warmProclets: warm === undefined ? 0 : 1, warmQuietMs: 20 });
host.setDesired(replicas.map((replica) => fakeReplica(replica)));
for (const replica of replicas) await harness.untilState(replica, 'serving');
process.stdout.write('serving\n');
