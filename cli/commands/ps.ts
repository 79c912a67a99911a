import type { Command } from 'commander';
import type { AppStatus, DaemonStatus } from '../../daemon/api/api-types.js';
import type { CliEnvironment } from '../environment.js';
import { formatClusterLine } from '../output/cluster-line.js';
import { type Colours, coloursFor } from '../output/colours.js';
import { formatDaemonLine } from '../output/daemon-line.js';
import { writeJson } from '../output/json.js';
import { formatListenerTable, formatReplicaTable } from '../output/replica-table.js';
import { withDaemon } from '../session/with-daemon.js';
import { addDaemonOptions, type DaemonOptions, examples } from './options.js';

export function addPs(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program
      .command('ps')
      .summary('list what runs')
      .description('Lists the replicas and the listeners of all apps, and what runs them.'),
  )
    .addHelpText('after', examples('ps', 'ps --json', 'ps --state .weaver/state'))
    .action((options: DaemonOptions) =>
      withDaemon(cli, options, async (client) => {
        const status = await client.status();
        if (options.json === true) return writeJson(cli.stdout, status.apps);
        if (status.apps.length === 0)
          return cli.stderr.write('nothing is deployed; `weaverd deploy [app]` does that\n');
        if (status.apps.every(({ groups }) => groups.every(({ replicas }) => replicas.length === 0)))
          return cli.stderr.write(`no app runs: ${describeApps(status.apps)}\n`);
        const lines = psLines(status, cli.now(), coloursFor(cli.stdout, cli.env));
        cli.stdout.write(`${lines.join('\n')}\n`);
      }),
    );
}

function psLines(status: DaemonStatus, now: number, colours: Colours): readonly string[] {
  const apps = status.apps.filter(({ state }) => state !== 'stopped');
  const lines = [
    ...formatReplicaTable(apps, { colours, now, showApp: true, showHost: status.cluster !== undefined }),
  ];
  const listeners = formatListenerTable(apps, { colours, showApp: true });
  if (listeners.length > 0) lines.push('', ...listeners);
  const cluster = status.cluster === undefined ? [] : [colours.dim(formatClusterLine(status.cluster))];
  return [...lines, '', ...cluster, colours.dim(formatDaemonLine(status))];
}

/** `boutique is stopped, hello is failed`. */
function describeApps(apps: readonly AppStatus[]): string {
  return apps.map(({ app, state }) => `${app} is ${state}`).join(', ');
}
