import type { Command } from 'commander';
import type { DaemonEvent } from '../../daemon/api/api-types.js';
import type { CliEnvironment } from '../environment.js';
import { type Colours, coloursFor } from '../output/colours.js';
import { writeJsonLine } from '../output/json.js';
import { printable } from '../output/printable.js';
import { withDaemon } from '../session/with-daemon.js';
import { addDaemonOptions, countOption, type DaemonOptions, examples } from './options.js';

export function addEvents(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program
      .command('events')
      .summary('show what the daemon did')
      .description(
        'Shows what the daemons of the cluster did, decided and saw: starts, crashes, deployments, hosts that came and went, leaders; with the host that it is about, or whose daemon tells it.',
      ),
  )
    .option('-f, --follow', 'go on with new events as they come, until Ctrl-C')
    .option('-n, --lines <count>', 'the newest so many', countOption, 100)
    .addHelpText('after', examples('events', 'events -f --json'))
    .action((options: DaemonOptions & { follow?: true; lines: number }) =>
      withDaemon(cli, options, async (client) => {
        const colours = coloursFor(cli.stdout, cli.env);
        // In a cluster each line names its host; what this daemon told itself has none.
        const status = options.json === true ? undefined : await client.status();
        const own = status?.cluster === undefined ? undefined : status.host;
        const interrupted = new AbortController();
        const forget = cli.onInterrupt(() => interrupted.abort());
        try {
          const query = { limit: options.lines, ...(options.follow === true ? { follow: true } : {}) };
          for await (const event of client.events(query, interrupted.signal)) {
            if ('cut' in event) break; // the daemon's last word to a reader that is too slow
            if (options.json === true) writeJsonLine(cli.stdout, event);
            else cli.stdout.write(`${formatEvent(event, colours, own)}\n`);
          }
        } catch (reason) {
          if (!interrupted.signal.aborted) throw reason;
        } finally {
          forget();
        }
      }),
    );
}

function formatEvent(
  { at, app, host, origin, kind, message }: DaemonEvent,
  colours: Colours,
  own: string | undefined,
): string {
  const time = colours.dim(new Date(at).toISOString());
  const where = own === undefined ? [] : [printable(host ?? origin ?? own)];
  return [time, ...where, colours.cyan(app ?? '-'), colours.bold(kind), printable(message)].join(' ');
}
