import type { Command } from 'commander';
import type { LogLine } from '../../daemon/api/api-types.js';
import type { CliEnvironment } from '../environment.js';
import { coloursFor } from '../output/colours.js';
import { writeJsonLine } from '../output/json.js';
import { formatLogLine } from '../output/log-line.js';
import { expectKnown } from '../session/expect-known.js';
import { followLogs, readLogs } from '../session/follow-logs.js';
import { withDaemon } from '../session/with-daemon.js';
import {
  addDaemonOptions,
  countOption,
  type DaemonOptions,
  durationOption,
  examples,
  levelOption,
} from './options.js';

interface LogsOptions extends DaemonOptions {
  readonly follow?: true;
  readonly component?: string;
  readonly replica?: string;
  readonly level?: number;
  readonly since?: number;
  readonly lines: number;
}

export function addLogs(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program
      .command('logs')
      .summary('show what apps logged')
      .description(
        'Shows the newest log lines of an app or of all: what components logged, and what processes wrote to stdout and stderr.',
      )
      .argument('[app]', 'name of an app; all by default'),
  )
    .option('-f, --follow', 'go on with new lines as they come, until Ctrl-C')
    .option('--component <name>', 'of one component')
    .option('--replica <name>', 'of one replica, such as Cart-0')
    .option('--level <level>', 'this level and above: trace, debug, info, warn, error, fatal', levelOption)
    .option('--since <duration>', 'not older than this, such as 10m', durationOption)
    .option('-n, --lines <count>', 'the newest so many', countOption, 100)
    .addHelpText(
      'after',
      examples(
        'logs boutique -f',
        'logs boutique --component Cart --level warn',
        'logs --since 10m --lines 1000 --json',
      ),
    )
    .action((app: string | undefined, options: LogsOptions) =>
      withDaemon(cli, options, async (client) => {
        const { component, replica, level } = options;
        const colours = coloursFor(cli.stdout, cli.env);
        const show = (line: LogLine) =>
          options.json === true
            ? writeJsonLine(cli.stdout, line)
            : cli.stdout.write(`${formatLogLine(line, colours)}\n`);
        const query = { app, component, replica, level };
        const known = await readLogs(client, query);
        if (known.length === 0) await expectKnown(client, app, component);
        const oldest = options.since === undefined ? 0 : cli.now() - options.since;
        const recent = known.filter(({ time }) => time >= oldest);
        for (const line of recent.slice(Math.max(0, recent.length - options.lines))) show(line);
        if (options.follow !== true)
          return recent.length === 0 ? cli.stderr.write('no log lines to show\n') : undefined;
        const interrupted = new AbortController();
        const forget = cli.onInterrupt(() => interrupted.abort());
        try {
          const lines = followLogs(client, query, cli, {
            after: known.at(-1)?.sequence ?? 0,
            signal: interrupted.signal,
            outliveDaemon: () => false,
          });
          for await (const line of lines) show(line);
        } finally {
          forget();
        }
      }),
    );
}
