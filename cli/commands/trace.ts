import type { Command } from 'commander';
import type { CliEnvironment } from '../environment.js';
import { coloursFor } from '../output/colours.js';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import { writeJson } from '../output/json.js';
import { printable } from '../output/printable.js';
import { formatTrace, formatTraceList, groupTraces } from '../output/span-tree.js';
import { withDaemon } from '../session/with-daemon.js';
import { addDaemonOptions, countOption, type DaemonOptions, examples } from './options.js';

export function addTrace(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program
      .command('trace')
      .summary('show the calls of one request, or list traces')
      .description(
        'Shows the calls of one trace as a tree, with durations and replicas; without an id, lists the newest traces.',
      )
      .argument('[id]', 'trace id, as logs and the list have it'),
  )
    .option('--app <name>', 'of one app')
    .option('-n, --lines <count>', 'list the newest so many', countOption, 20)
    .addHelpText(
      'after',
      examples('trace', 'trace 4bf92f3577b34da6a3ce929d0e0e4736', 'trace --app boutique --json'),
    )
    .action((id: string | undefined, options: DaemonOptions & { app?: string; lines: number }) =>
      withDaemon(cli, options, async (client) => {
        const ofApp = options.app === undefined ? {} : { app: options.app };
        const { spans, missing } = await client.traces(id === undefined ? ofApp : { ...ofApp, trace: id });
        for (const { host, reason } of missing)
          cli.stderr.write(`${host} does not answer; its spans are missing (${printable(reason)})\n`);
        const traces = groupTraces(spans).slice(0, id === undefined ? options.lines : undefined);
        if (id !== undefined && traces.length === 0)
          throw new CliError(EXIT.failure, `no trace ${id}`, {
            mend: '`weaverd trace` lists those that are kept; older ones are forgotten',
          });
        if (options.json === true) return writeJson(cli.stdout, traces);
        const colours = coloursFor(cli.stdout, cli.env);
        if (traces.length === 0)
          return cli.stderr.write('no traces yet; about one request in a hundred is traced\n');
        const lines =
          id === undefined
            ? formatTraceList(traces, cli.now(), colours)
            : traces.flatMap((trace) => formatTrace(trace, colours));
        cli.stdout.write(`${lines.join('\n')}\n`);
      }),
    );
}
