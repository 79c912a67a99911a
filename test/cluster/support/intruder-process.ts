// Runs on a host of a test network: does to NATS what it is told over IPC (intruder.ts).
import { connect } from 'nats';
import type { IntruderTask } from './intruder.js';

const [url = '', user = '', pass = ''] = process.argv.slice(2);
const connection = await connect({ servers: [url], user, pass });

process.on('message', ({ id, task }: { readonly id: number; readonly task: IntruderTask }) => {
  perform(task).then(
    () => process.send?.({ id }),
    (reason: unknown) => process.send?.({ id, error: String(reason) }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ id: 0 });

async function perform(task: IntruderTask): Promise<void> {
  if (task.kind === 'damage-blobs') return damageBlobs();
  for (const { subject, base64 } of task.messages) connection.publish(subject, Buffer.from(base64, 'base64'));
  await connection.flush();
}

/** The first byte of each chunk of every object store becomes another. */
async function damageBlobs(): Promise<void> {
  const manager = await connection.jetstreamManager();
  const stores = await manager.streams.list().next();
  for (const { config } of stores.filter(({ config: { name } }) => name.startsWith('OBJ_'))) {
    const { state } = await manager.streams.info(config.name, { subjects_filter: '$O.*.C.*' });
    for (const subject of Object.keys(state.subjects ?? {})) {
      const { data } = await manager.streams.getMessage(config.name, { last_by_subj: subject });
      await manager.streams.purge(config.name, { filter: subject });
      const damaged = Uint8Array.from(data);
      damaged[0] = (damaged[0] ?? 0) ^ 0xff;
      await connection.jetstream().publish(subject, damaged);
    }
  }
}
