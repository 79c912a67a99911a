import { readFile, writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { readRun } from './run.js';
import { tablesOf, withTables } from './tables.js';

/** Puts what benches printed with `--json` into bench/RESULTS.md. */
const DOCUMENT = new URL('../RESULTS.md', import.meta.url);

await new Command('bench:results')
  .description('Puts what benches printed with --json into the tables of bench/RESULTS.md; its text stays.')
  .argument('<run>', 'of the oldest Node that is supported')
  .option('--newest <run>', 'of the newest Node')
  .addHelpText('after', '\nExample:\n  npm run bench:results -- all-20.jsonl --newest all-26.jsonl')
  .action(async (run: string, { newest }: { readonly newest?: string }) => {
    const tables = tablesOf(await runIn(run), await runIn(newest));
    await writeFile(DOCUMENT, withTables(await readFile(DOCUMENT, 'utf8'), tables));
  })
  .parseAsync();

async function runIn(path: string | undefined) {
  if (path === undefined) return readRun('');
  try {
    return readRun(await readFile(path, 'utf8'));
  } catch (reason) {
    throw new Error(`${path}: ${reason instanceof Error ? reason.message : String(reason)}`, {
      cause: reason,
    });
  }
}
