import type { Command } from 'commander';
import type { CliEnvironment } from '../environment.js';
import { coloursFor } from '../output/colours.js';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import { writeJson } from '../output/json.js';
import { formatPlan } from '../output/plan-lines.js';
import { withNearestApp } from '../session/nearest-app.js';
import { withDaemon } from '../session/with-daemon.js';
import { addDaemonOptions, type DaemonOptions, examples } from './options.js';

export function addPlan(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program
      .command('plan')
      .summary('explain what runs where, and how often')
      .description(
        'Explains what the leader decided last: of each group why it has so many replicas, of each replica why it is where it is.',
      )
      .argument('[app]', 'name of an app; all by default'),
  )
    .addHelpText('after', examples('plan', 'plan boutique', 'plan --json'))
    .action((app: string | undefined, options: DaemonOptions) =>
      withDaemon(cli, options, async (client) => {
        const { apps } = await client.plan();
        const shown = apps.filter((each) => app === undefined || each.app === app);
        if (app !== undefined && shown.length === 0) {
          await client.app(app).catch(async (reason: unknown) => {
            throw await withNearestApp(reason, app, client);
          });
          throw new CliError(EXIT.failure, `${app} is not planned yet`, { mend: 'try again in a second' });
        }
        if (options.json === true) return writeJson(cli.stdout, { apps: shown });
        if (shown.length === 0)
          return cli.stderr.write('nothing is deployed; `weaverd deploy [app]` does that\n');
        const lines = formatPlan({ apps: shown }, coloursFor(cli.stdout, cli.env));
        cli.stdout.write(`${lines.join('\n')}\n`);
      }),
    );
}
