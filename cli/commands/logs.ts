import type { Command } from 'commander';
import type { LogLine, LogNotice } from '../../daemon/api/api-types.js';
import type { CliEnvironment } from '../environment.js';
import { coloursFor } from '../output/colours.js';
import { writeJsonLine } from '../output/json.js';
import { describeLogNotice, formatLogLine } from '../output/log-line.js';
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
        const tell = (notice: LogNotice) => {
          const text = describeLogNotice(notice);
          if (text !== undefined) cli.stderr.write(`${text}\n`);
        };
        const query = { app, component, replica, level };
        const from = options.since === undefined ? undefined : Math.max(0, cli.now() - options.since);
        const {
          lines: known,
          cursor,
          missing,
        } = await readLogs(client, { ...query, from, limit: options.lines });
        const showHost = Object.keys(cursor.after).length + missing.length > 1;
        const show = (line: LogLine) =>
          options.json === true
            ? writeJsonLine(cli.stdout, line)
            : cli.stdout.write(`${formatLogLine(line, colours, showHost)}\n`);
        for (const each of missing) tell(each);
        if (known.length === 0) await expectKnown(client, app, component);
        for (const line of known) show(line);
        if (options.follow !== true)
          return known.length === 0 ? cli.stderr.write('no log lines to show\n') : undefined;
        const interrupted = new AbortController();
        const forget = cli.onInterrupt(() => interrupted.abort());
        try {
          const lines = followLogs(client, query, cli, {
            after: cursor,
            signal: interrupted.signal,
            outliveDaemon: () => false,
            missing: missing.map((each) => each.missing),
            onNotice: tell,
          });
          for await (const line of lines) show(line);
        } finally {
          forget();
        }
      }),
    );
}
