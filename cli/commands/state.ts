import { type Command, InvalidArgumentError } from 'commander';
import type { CliEnvironment } from '../environment.js';
import { coloursFor } from '../output/colours.js';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import { writeJson, writeJsonLine } from '../output/json.js';
import { printable, truncate } from '../output/printable.js';
import { Progress } from '../output/progress.js';
import { formatBytes, plural } from '../output/quantities.js';
import { formatTable } from '../output/table.js';
import { withDaemon } from '../session/with-daemon.js';
import type { StateEntry } from '../state/state-source.js';
import { addDaemonOptions, type DaemonOptions, examples } from './options.js';

interface StateOptions extends DaemonOptions {
  readonly app?: string;
}
interface ListOptions extends StateOptions {
  readonly prefix: string;
  readonly after?: string;
  readonly limit: number;
}
interface ImportOptions extends StateOptions {
  readonly dryRun?: true;
  readonly overwrite?: true;
}

const MOST_LISTED = 10_000;

export function addState(program: Command, cli: CliEnvironment): void {
  const state = program
    .command('state')
    .summary('show, save and restore what components have stored')
    .description(
      'Shows, saves and restores what a component has stored with ctx.state. The replica that has a key answers for it; of a component that does not run, its file is read.',
    )
    .addHelpText(
      'after',
      examples(
        'state ls Bank',
        'state ls Bank accounts --prefix ann',
        'state get Bank accounts ann',
        'state export Bank --out bank.jsonl',
        'state import Bank bank.jsonl --dry-run',
      ),
    );
  addList(state, cli);
  addGet(state, cli);
  addExport(state, cli);
  addImport(state, cli);
}

function addList(state: Command, cli: CliEnvironment): void {
  withApp(state.command('ls'))
    .summary('list the states of a component, or the keys of one')
    .description(
      'Lists the states of a component; of one that is named its keys, in their order, with their values.',
    )
    .argument('<component>', 'name of a component')
    .argument('[state]', 'name of a state; `<name>.wakes` for its reminders')
    .option('--prefix <text>', 'only keys that start so', '')
    .option('--after <key>', 'only keys behind this one, such as the last that was shown')
    .option('--limit <n>', `so many at most, up to ${MOST_LISTED}`, limitOption, 100)
    .addHelpText(
      'after',
      examples(
        'state ls Bank',
        'state ls Bank accounts --prefix ann --limit 10',
        'state ls Rooms rooms.wakes --json',
      ),
    )
    .action((component: string, name: string | undefined, options: ListOptions) =>
      opened(cli, component, options, async (open, { knownStates, EntryReader }) => {
        if (name === undefined) return showStates(cli, options, await knownStates(open));
        const [known] = await knownStates(open, name);
        if (known === undefined) return;
        const reader = new EntryReader(component, name, known.schema);
        const shown: { readonly entry: StateEntry; readonly value: unknown }[] = [];
        let more = false;
        for await (const entry of open.source.entries(name, options.prefix, options.after)) {
          more = shown.length === options.limit;
          if (more) break;
          shown.push({ entry, value: reader.toJson(entry) });
        }
        if (options.json === true)
          return writeJson(cli.stdout, {
            entries: shown.map(({ entry, value }) => asJson(entry, value)),
            more,
          });
        if (shown.length === 0) return cli.stdout.write('nothing is stored there\n');
        const rows = shown.map(({ entry, value }) => [
          quoted(entry.key),
          formatBytes(entry.bytes.length),
          entry.expiresAt === 0 ? '' : new Date(entry.expiresAt).toISOString(),
          truncate(printable(JSON.stringify(value)), MOST_OF_A_VALUE),
        ]);
        const columns = [
          { header: 'KEY' },
          { header: 'SIZE', align: 'right' as const },
          { header: 'EXPIRES' },
          { header: 'VALUE' },
        ];
        writeTable(cli, columns, rows);
        if (more)
          cli.stderr.write(
            `there are more: --after ${quoted(shown.at(-1)?.entry.key ?? '')}, or a higher --limit\n`,
          );
      }),
    );
}

function addGet(state: Command, cli: CliEnvironment): void {
  withApp(state.command('get'))
    .summary('show the value of a key')
    .description('Shows the value of a key as JSON.')
    .argument('<component>', 'name of a component')
    .argument('<state>', 'name of a state')
    .argument('<key>', 'the key, as it is')
    .addHelpText(
      'after',
      examples('state get Bank accounts ann', 'state get Bank accounts ann --json | jq .value'),
    )
    .action((component: string, name: string, key: string, options: StateOptions) =>
      opened(cli, component, options, async (open, { knownStates, EntryReader }) => {
        const [known] = await knownStates(open, name);
        const entry = await open.source.get(name, key);
        if (known === undefined || entry === undefined)
          throw new CliError(EXIT.failure, `${name} of ${component} has no key ${JSON.stringify(key)}`, {
            mend: `\`weaverd state ls ${component} ${name}\` lists those there are`,
          });
        const value = new EntryReader(component, name, known.schema).toJson(entry);
        writeJson(
          cli.stdout,
          options.json === true
            ? { app: open.source.app, component, state: name, ...asJson(entry, value) }
            : value,
        );
      }),
    );
}

function addExport(state: Command, cli: CliEnvironment): void {
  withApp(state.command('export'))
    .summary('save what a component has stored')
    .description(
      'Writes all that a component has stored, reminders too, as lines of JSON, with the schemas: to a file, or to stdout. What is written meanwhile may be in it or not.',
    )
    .argument('<component>', 'name of a component')
    .option('--out <file>', 'write to this file, at once when all is there')
    .addHelpText(
      'after',
      examples('state export Bank --out bank.jsonl', 'state export Bank | gzip > bank.jsonl.gz'),
    )
    .action((component: string, options: StateOptions & { readonly out?: string }) =>
      opened(cli, component, options, async (open, { knownStates, exportLines }) => {
        const progress = new Progress(cli.stderr);
        let entries = 0;
        const counted = (count: number) => {
          entries = count;
          if (count % PROGRESS_EVERY === 0) progress.update(`${count} entries …`);
        };
        const lines = exportLines(open, await knownStates(open), cli.now(), counted);
        if (options.out === undefined) for await (const line of lines) writeJsonLine(cli.stdout, line);
        else await (await import('../state/write-file.js')).writeLines(cli.cwd, options.out, lines);
        progress.clear();
        if (options.out === undefined) return;
        if (options.json === true)
          writeJson(cli.stdout, { app: open.source.app, component, file: options.out, entries });
        else
          cli.stdout.write(
            `${plural(entries, 'entry').replace('entrys', 'entries')} of ${component} in ${options.out}\n`,
          );
      }),
    );
}

function addImport(state: Command, cli: CliEnvironment): void {
  withApp(state.command('import'))
    .summary('restore what was exported')
    .description(
      'Writes the entries of an export to a component, by its owners. The whole file is checked first. Entries that are there already are passed over, so that it can be done again; keys that have another value are kept, unless they are to be overwritten.',
    )
    .argument('<component>', 'name of a component')
    .argument('<file>', 'what `weaverd state export` wrote')
    .option('--dry-run', 'only check the file')
    .option('--overwrite', 'replace other values of the same keys')
    .addHelpText(
      'after',
      examples('state import Bank bank.jsonl --dry-run', 'state import Bank bank.jsonl --overwrite'),
    )
    .action((component: string, file: string, options: ImportOptions) =>
      opened(cli, component, options, async (open, { knownStates }) => {
        const [{ checkImport, importState }, { isElsewhere }, { resolve }] = await Promise.all([
          import('../state/import-state.js'),
          import('../state/open-state.js'),
          import('node:path'),
        ]);
        const progress = new Progress(cli.stderr);
        const given = { file: resolve(cli.cwd, file), states: await knownStates(open), now: () => cli.now() };
        const entries = await checkImport(given);
        if (options.dryRun === true)
          return options.json === true
            ? writeJson(cli.stdout, { entries, dryRun: true })
            : cli.stdout.write(`${file} has ${entries} entries, which ${component} can take\n`);
        const counts = await importState(open.source, {
          ...given,
          overwrite: options.overwrite === true,
          sleep: (ms) => cli.sleep(ms),
          isElsewhere,
          progress: ({ written, same, kept, expired }) => {
            const done = written + same + kept + expired;
            if (done % PROGRESS_EVERY === 0) progress.update(`${done} of ${entries} entries …`);
          },
        });
        progress.clear();
        if (options.json === true) writeJson(cli.stdout, { entries, ...counts });
        else
          cli.stdout.write(
            `${counts.written} written, ${counts.same} there already, ${counts.kept} kept, ${counts.expired} expired\n`,
          );
        if (counts.kept > 0)
          throw new CliError(
            EXIT.failure,
            `${component} has other values for ${counts.kept} of the keys, which were kept`,
            {
              mend: '--overwrite replaces them',
            },
          );
      }),
    );
}

const PROGRESS_EVERY = 1000;
const MOST_OF_A_VALUE = 200;

type Commands = typeof import('../state/export-state.js');
type Open = import('../state/open-state.js').OpenState;

/** Loads what reads state only for these commands. */
async function opened(
  cli: CliEnvironment,
  component: string,
  options: StateOptions,
  use: (open: Open, commands: Commands) => Promise<void> | void,
): Promise<void> {
  const [{ openState }, commands] = await Promise.all([
    import('../state/open-state.js'),
    import('../state/export-state.js'),
  ]);
  await withDaemon(cli, options, async (client) => {
    const open = await openState(client, component, options.app);
    try {
      await use(open, commands);
    } finally {
      await open.close();
    }
  });
}

function withApp(command: Command): Command {
  return addDaemonOptions(command).option(
    '--app <name>',
    'the app, when several have a component of that name',
  );
}

function limitOption(text: string): number {
  const limit = Number(text);
  if (!/^\d{1,5}$/.test(text) || limit < 1 || limit > MOST_LISTED)
    throw new InvalidArgumentError(`Give a whole number from 1 to ${MOST_LISTED}.`);
  return limit;
}

function showStates(
  cli: CliEnvironment,
  options: StateOptions,
  states: readonly { readonly state: string; readonly schema: string }[],
): void {
  const shown = states.map(({ state, schema }) => ({
    state,
    schema: JSON.parse(schema) as { readonly name?: string; readonly type?: string },
  }));
  if (options.json === true) return writeJson(cli.stdout, { states: shown });
  if (shown.length === 0) return cli.stdout.write('it stores nothing\n');
  const rows = shown.map(({ state, schema }) => [
    state,
    typeof schema === 'string' ? schema : (schema.name ?? String(schema.type ?? 'union')),
  ]);
  writeTable(cli, [{ header: 'STATE' }, { header: 'TYPE' }], rows);
}

function writeTable(
  cli: CliEnvironment,
  columns: Parameters<typeof formatTable>[0],
  rows: Parameters<typeof formatTable>[1],
): void {
  const { dim } = coloursFor(cli.stdout, cli.env);
  const width = cli.stdout.isTTY ? { width: cli.stdout.columns } : {};
  cli.stdout.write(`${formatTable(columns, rows, { paintHeader: dim, ...width }).join('\n')}\n`);
}

function asJson({ key, bytes, expiresAt }: StateEntry, value: unknown) {
  const expires = expiresAt === 0 ? {} : { expires: new Date(expiresAt).toISOString() };
  return { key, size: bytes.length, ...expires, value };
}

/** As a shell takes it, where that is plain; else as JSON. */
function quoted(key: string): string {
  return /^[\w./:@-]+$/.test(key) ? key : JSON.stringify(key);
}
