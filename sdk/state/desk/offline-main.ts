// Answers about the stored state of a component that does not run: `weaverd state` starts this process, so that the file is
// read by what writes it. Arguments: the app's state folder, the component. Lines of JSON on stdin, `{id, query}`, are
// answered on stdout, `{id, answer}` or `{id, error: {code, message}}`; it ends when stdin does, and gives the file up.
import { createInterface } from 'node:readline';
import { ControlError } from '../../protocol/control-channel.js';
import type { StateQuery } from '../../protocol/state-query.js';
import { FileDriver } from '../file/file-driver.js';
import type { FileStore } from '../file/file-store.js';
import { OWNS_ALL } from '../key-fence.js';
import { type DeskStore, restoreInto } from './desk-store.js';
import { StateDesk } from './state-desk.js';

const [, , folder = '', component = ''] = process.argv;
const driver = new FileDriver({
  folder,
  durability: 'always',
  lockWaitMs: 0,
  onProblem: (message) => process.stderr.write(`${message}\n`),
});
let opened: Promise<FileStore> | undefined;

const desk = new StateDesk(async (): Promise<DeskStore> => {
  opened ??= driver.open(component, OWNS_ALL, new AbortController().signal);
  const store = await opened;
  return {
    states: () => [...store.schemasByState()].map(([state, schemas]) => ({ state, schema: schemas.at(-1) })),
    list: async (state, prefix, after, limit) => store.list(state, prefix, after, limit),
    get: async (state, key) => store.get(state, key),
    restore: (state, key, value, overwrite) => restoreInto(store, { state, key }, value, overwrite),
  };
});

for await (const line of createInterface({ input: process.stdin })) {
  const { id, query } = JSON.parse(line) as { readonly id: number; readonly query: StateQuery };
  // Not awaited: what is written together is synced together.
  desk.answer(query).then(
    (answer) => tell({ id, answer }),
    (reason: Error) =>
      tell({
        id,
        error: { code: reason instanceof ControlError ? reason.code : 'INTERNAL', message: reason.message },
      }),
  );
}
await (await opened)?.close();

function tell(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
