import type { Command } from 'commander';
import { ApiError } from '../../daemon/api/api-error.js';
import type { CliEnvironment } from '../environment.js';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import { writeJson } from '../output/json.js';
import { Progress } from '../output/progress.js';
import { withDaemon } from '../session/with-daemon.js';
import { addDaemonOptions, type DaemonOptions, durationOption, examples } from './options.js';

const POLL_MS = 200;

export function addShutdown(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program
      .command('shutdown')
      .summary('stop the daemon')
      .description(
        'Stops the daemon, and waits until it has gone. Its apps are drained and stopped first; the next daemon on the same state folder starts them again.',
      ),
  )
    .option(
      '--keep-proclets',
      'leave the apps running: they go on serving each other, and the next daemon adopts them',
    )
    .option('--timeout <duration>', 'how long to wait', durationOption, 60_000)
    .addHelpText('after', examples('shutdown', 'shutdown --keep-proclets'))
    .action((options: DaemonOptions & { keepProclets?: true; timeout: number }) =>
      withDaemon(cli, options, async (client) => {
        const { pid } = await client.status();
        await client.shutdown({ stopProclets: options.keepProclets !== true });
        new Progress(cli.stderr).update(`stopping the daemon ${pid} …`);
        const deadline = cli.now() + options.timeout;
        for (;;) {
          const left = await client.status().catch((reason: unknown) => {
            if (reason instanceof ApiError) return undefined;
            throw reason;
          });
          if (left?.pid !== pid) break;
          if (cli.now() >= deadline)
            throw new CliError(EXIT.failure, `the daemon ${pid} is still there`, {
              mend: 'it may be draining: see `weaverd ps`, or wait longer with --timeout',
            });
          await cli.sleep(POLL_MS);
        }
        if (options.json === true) writeJson(cli.stdout, { pid, stateFolder: client.stateFolder });
        else cli.stdout.write(`the daemon on ${client.stateFolder} has stopped\n`);
      }),
    );
}
