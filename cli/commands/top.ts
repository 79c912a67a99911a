import { type Command, Option } from 'commander';
import type { CliEnvironment } from '../environment.js';
import { coloursFor } from '../output/colours.js';
import { writeJson } from '../output/json.js';
import { LiveScreen } from '../output/live-screen.js';
import { renderTop, TOP_ORDERS, type TopOrder, topReplicas } from '../output/top-frame.js';
import { withDaemon } from '../session/with-daemon.js';
import { addDaemonOptions, type DaemonOptions, durationOption, examples } from './options.js';

interface TopOptions extends DaemonOptions {
  readonly sort: TopOrder;
  readonly interval: number;
  readonly once?: true;
}

const LEAST_INTERVAL_MS = 200;

export function addTop(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program
      .command('top')
      .summary('watch what takes CPU and memory')
      .description(
        'Shows hosts and replicas with what they use and serve, what takes most first, again and again until Ctrl-C; once where the output is no terminal.',
      ),
  )
    .addOption(new Option('--sort <by>', 'what comes first').choices(TOP_ORDERS).default('cpu'))
    .option('--interval <duration>', 'between two looks', durationOption, 1000)
    .option('--once', 'show it once, in full')
    .addHelpText('after', examples('top', 'top --sort calls', 'top --once --json'))
    .action((options: TopOptions) =>
      withDaemon(cli, options, async (client) => {
        const { sort: order } = options;
        if (options.json === true) {
          const status = await client.status();
          return writeJson(cli.stdout, {
            at: cli.now(),
            hosts: status.cluster?.hosts ?? [],
            replicas: topReplicas(status, order),
          });
        }
        const colours = coloursFor(cli.stdout, cli.env);
        if (options.once === true || !cli.stdout.isTTY) {
          const status = await client.status();
          const columns = Number.POSITIVE_INFINITY;
          const lines = renderTop({ status, order, columns, rows: undefined, colours });
          return cli.stdout.write(`${lines.join('\n')}\n`);
        }
        const interrupted = new AbortController();
        const forget = cli.onInterrupt(() => interrupted.abort());
        const screen = new LiveScreen(cli.stdout);
        try {
          while (!interrupted.signal.aborted) {
            const status = await client.status();
            const { columns, rows } = cli.stdout;
            screen.draw(renderTop({ status, order, columns, rows, colours }));
            await cli.sleep(Math.max(LEAST_INTERVAL_MS, options.interval), interrupted.signal);
          }
        } finally {
          screen.release();
          forget();
        }
      }),
    );
}
