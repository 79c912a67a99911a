import { fakeReplica, HostHarness } from './host-harness.js';
import { WarmWatch } from './warm-watch.js';

// A daemon's replica host in a process of its own, to be killed: `node --import tsx host-process.ts <folder> [warm]`.
// On SIGUSR2 it wants Cart-2, too.
const [, , folder, warm] = process.argv;
const replicas = warm === undefined ? ['Cart-0'] : ['Cart-0', 'Cart-1'];
const harness = await HostHarness.create(folder);
const watch = new WarmWatch(() => harness.look());
const host = await harness.open({
  warmProclets: warm === undefined ? 0 : 1,
  warmQuietMs: 20,
  spawner: watch,
});
host.setDesired(replicas.map((replica) => fakeReplica(replica)));
for (const replica of replicas) await harness.untilState(replica, 'serving');
if (warm !== undefined) await harness.until(() => watch.ready.length > 0);
process.on('SIGUSR2', () => host.setDesired([...replicas, 'Cart-2'].map((replica) => fakeReplica(replica))));
process.stdout.write('serving\n');
