import type { Command } from 'commander';
import type { CliEnvironment } from '../environment.js';
import { coloursFor } from '../output/colours.js';
import { writeJson } from '../output/json.js';
import { formatReplicaTable } from '../output/replica-table.js';
import { withDaemon } from '../session/with-daemon.js';
import { addDaemonOptions, type DaemonOptions, examples } from './options.js';

export function addPs(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program.command('ps').summary('list what runs').description('Lists the replicas of all apps.'),
  )
    .addHelpText('after', examples('ps', 'ps --json', 'ps --state .weaver/state'))
    .action((options: DaemonOptions) =>
      withDaemon(cli, options, async (client) => {
        const { apps } = await client.status();
        if (options.json === true) return writeJson(cli.stdout, apps);
        if (apps.length === 0)
          return cli.stderr.write('nothing is deployed; `weaverd deploy [app]` does that\n');
        const colours = coloursFor(cli.stdout, cli.env);
        const lines = formatReplicaTable(apps, { colours, now: cli.now(), showApp: true });
        cli.stdout.write(`${lines.join('\n')}\n`);
      }),
    );
}
