import type { Command } from 'commander';
import type { HistoryEntry } from '../../daemon/api/api-types.js';
import type { CliEnvironment } from '../environment.js';
import { coloursFor } from '../output/colours.js';
import { writeJson } from '../output/json.js';
import { formatAge } from '../output/quantities.js';
import { formatTable } from '../output/table.js';
import { withDaemon } from '../session/with-daemon.js';
import { addDaemonOptions, type DaemonOptions, examples } from './options.js';

export function addHistory(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program
      .command('history')
      .summary('show what was deployed when')
      .description('Shows the deployments and stops of an app or of all, newest first.')
      .argument('[app]', 'name of an app; all by default'),
  )
    .addHelpText('after', examples('history boutique', 'history --json'))
    .action((app: string | undefined, options: DaemonOptions) =>
      withDaemon(cli, options, async (client) => {
        const apps = app === undefined ? (await client.status()).apps.map((each) => each.app) : [app];
        const histories = await Promise.all(apps.map((each) => client.history(each)));
        const entries: HistoryEntry[] = histories.flat().sort((a, b) => b.at - a.at);
        if (entries.length === 0 && app !== undefined) await client.app(app); // which says that there is none
        if (options.json === true) return writeJson(cli.stdout, entries);
        if (entries.length === 0) return cli.stderr.write('nothing was deployed yet\n');
        const now = cli.now();
        const lines = formatTable(
          [
            { header: 'WHEN' },
            { header: 'AGO', align: 'right' },
            { header: 'APP' },
            { header: 'ACTION' },
            { header: 'VERSION' },
            { header: 'USER' },
          ],
          entries.map(({ at, app: name, action, version, user }) => [
            new Date(at).toISOString(),
            formatAge(now - at),
            name,
            action,
            version,
            user,
          ]),
          { paintHeader: coloursFor(cli.stdout, cli.env).bold },
        );
        cli.stdout.write(`${lines.join('\n')}\n`);
      }),
    );
}
