import type { Command } from 'commander';
import type { AppStatus, DaemonStatus, HostStatus } from '../../daemon/api/api-types.js';
import type { CliEnvironment } from '../environment.js';
import { formatClusterLine } from '../output/cluster-line.js';
import { type Colours, coloursFor } from '../output/colours.js';
import { formatDaemonLine } from '../output/daemon-line.js';
import { ReportedFailure } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import { formatHostTable } from '../output/host-table.js';
import { writeJson } from '../output/json.js';
import { printable } from '../output/printable.js';
import { formatAge } from '../output/quantities.js';
import {
  formatAppHead,
  formatFailures,
  formatListeners,
  formatReplicaTable,
} from '../output/replica-table.js';
import { withNearestApp } from '../session/nearest-app.js';
import { withDaemon } from '../session/with-daemon.js';
import { addDaemonOptions, type DaemonOptions, examples } from './options.js';

export function addStatus(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program
      .command('status')
      .summary('show the daemon, or one app, in full')
      .description(
        'Shows how the daemon and its apps are; of one app also why something of it is not serving. With an app, the exit code is 5 unless it serves or has completed.',
      )
      .argument('[app]', 'name of an app; all by default'),
  )
    .addHelpText('after', examples('status', 'status boutique', 'status boutique --json'))
    .action((app: string | undefined, options: DaemonOptions) =>
      withDaemon(cli, options, async (client) => {
        const colours = coloursFor(cli.stdout, cli.env);
        if (app === undefined) {
          const status = await client.status();
          if (options.json === true) return writeJson(cli.stdout, status);
          const lines = [...daemonLines(status, cli.now(), colours)];
          const showHost = status.cluster !== undefined;
          for (const each of status.apps) lines.push('', ...appLines(each, cli.now(), colours, showHost));
          return cli.stdout.write(`${lines.join('\n')}\n`);
        }
        const status = await client.app(app).catch(async (reason: unknown) => {
          throw await withNearestApp(reason, app, client);
        });
        if (options.json === true) writeJson(cli.stdout, status);
        else cli.stdout.write(`${appLines(status, cli.now(), colours, isSpread(status)).join('\n')}\n`);
        if (status.state !== 'serving' && status.state !== 'completed')
          throw new ReportedFailure(EXIT.unhealthy);
      }),
    );
}

function daemonLines(status: DaemonStatus, now: number, colours: Colours): readonly string[] {
  const { weaverd, host, startedAt, stateFolder, problems, cluster } = status;
  return [
    `${colours.bold('weaverd')} ${weaverd} on ${host}  ${colours.dim(`up ${formatAge(now - startedAt)}, state in ${stateFolder}`)}`,
    `  ${formatDaemonLine(status)}`,
    ...(cluster === undefined ? [] : [`  ${formatClusterLine(cluster)}`]),
    ...problems.map((problem) => `  ${colours.red('problem:')} ${printable(problem)}`),
    ...(cluster === undefined || cluster.hosts.length === 0
      ? []
      : ['', ...formatHostTable({ ...cluster, hosts: cluster.hosts.map(withoutProblems) }, colours)]),
  ];
}

/** They are among the daemon's own. */
function withoutProblems(host: HostStatus): HostStatus {
  return { ...host, problems: [] };
}

/** Over several hosts. */
function isSpread({ groups }: AppStatus): boolean {
  return new Set(groups.flatMap(({ replicas }) => replicas.map(({ host }) => host))).size > 1;
}

function appLines(app: AppStatus, now: number, colours: Colours, showHost: boolean): readonly string[] {
  const lines = [...formatAppHead(app, now, colours)];
  if (app.listeners.length > 0) lines.push('', ...formatListeners(app, colours));
  if (app.groups.some(({ replicas }) => replicas.length > 0))
    lines.push('', ...formatReplicaTable([app], { colours, now, showApp: false, showHost }));
  const failures = formatFailures(app, colours);
  if (failures.length > 0) lines.push('', ...failures);
  return lines;
}
