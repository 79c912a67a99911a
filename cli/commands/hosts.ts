import type { Command } from 'commander';
import type { CliEnvironment } from '../environment.js';
import { coloursFor } from '../output/colours.js';
import { formatHostTable } from '../output/host-table.js';
import { writeJson } from '../output/json.js';
import { requireLeader } from '../session/require-leader.js';
import { withDaemon } from '../session/with-daemon.js';
import { addDaemonOptions, type DaemonOptions, examples } from './options.js';

export function addHosts(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program
      .command('hosts')
      .summary('list the hosts of the cluster')
      .description(
        'Lists the hosts of the cluster as its leader (*) sees them: whether they are alive, what runs on them and how much may, and what is wrong with them.',
      ),
  )
    .addHelpText('after', examples('hosts', 'hosts --json'))
    .action((options: DaemonOptions) =>
      withDaemon(cli, options, async (client) => {
        const reply = await client.hosts();
        if (options.json === true) return writeJson(cli.stdout, reply);
        requireLeader(reply);
        cli.stdout.write(`${formatHostTable(reply, coloursFor(cli.stdout, cli.env)).join('\n')}\n`);
      }),
    );
}
