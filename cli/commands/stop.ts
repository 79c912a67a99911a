import type { Command } from 'commander';
import { ApiError } from '../../daemon/api/api-error.js';
import type { CliEnvironment } from '../environment.js';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import { writeJson } from '../output/json.js';
import { Progress } from '../output/progress.js';
import { plural } from '../output/quantities.js';
import { withDaemon } from '../session/with-daemon.js';
import { addDaemonOptions, type DaemonOptions, durationOption, examples } from './options.js';

const POLL_MS = 200;

export function addStop(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program
      .command('stop')
      .summary('stop an app')
      .description(
        'Drains and stops all replicas of an app, and waits until they have gone. `weaverd deploy` starts it again.',
      )
      .argument('<app>', 'name of the app'),
  )
    .option('--remove', "forget the app's deployment, history and logs too")
    .option('--timeout <duration>', 'how long to wait', durationOption, 60_000)
    .addHelpText('after', examples('stop boutique', 'stop boutique --remove'))
    .action((app: string, options: DaemonOptions & { remove?: true; timeout: number }) =>
      withDaemon(cli, options, async (client) => {
        await client.stop(app, { remove: options.remove === true });
        const progress = new Progress(cli.stderr);
        const deadline = cli.now() + options.timeout;
        for (;;) {
          const left = await runningReplicas(() => client.app(app));
          if (left === 0) break;
          if (cli.now() >= deadline)
            throw new CliError(EXIT.failure, `${app} still has ${plural(left, 'running replica')}`, {
              mend: 'the daemon goes on stopping it; wait longer with --timeout',
            });
          progress.update(`stopping ${app}: ${plural(left, 'replica')} left`);
          await cli.sleep(POLL_MS);
        }
        progress.clear();
        if (options.json === true) return writeJson(cli.stdout, { app, removed: options.remove === true });
        cli.stdout.write(`${options.remove === true ? 'removed' : 'stopped'} ${app}\n`);
      }),
    );
}

async function runningReplicas(
  status: () => Promise<{
    readonly state: string;
    readonly groups: readonly { readonly replicas: readonly unknown[] }[];
  }>,
): Promise<number> {
  try {
    const { state, groups } = await status();
    return state === 'stopped'
      ? 0
      : Math.max(
          1,
          groups.reduce((sum, { replicas }) => sum + replicas.length, 0),
        );
  } catch (reason) {
    // Removed, it is not known any more.
    if (reason instanceof ApiError && reason.status === 404) return 0;
    throw reason;
  }
}
