// Runs on a host of a test network: clients of a ledger, and answers over IPC (remote-load.ts).
import type { ClientLoadOptions } from './client-load.js';
import { LedgerLoad } from './ledger-load.js';
import type { LoadAnswer, LoadQuestion } from './remote-load.js';

const load = new LedgerLoad(JSON.parse(process.argv[2] ?? '') as ClientLoadOptions);

process.on('message', (question: LoadQuestion) => {
  answer(question).then(
    (found) => process.send?.(found),
    (reason: unknown) => process.send?.({ error: String(reason) } satisfies LoadAnswer),
  );
});
process.on('disconnect', () => process.exit());

async function answer(question: LoadQuestion): Promise<LoadAnswer> {
  switch (question.ask) {
    case 'unserved':
      return { unserved: await load.unservedSince(question.since) };
    case 'settle':
      await load.settle();
      return {};
    case 'finish':
      return { history: await load.finish() };
  }
}
