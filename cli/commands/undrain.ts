import type { Command } from 'commander';
import type { CliEnvironment } from '../environment.js';
import { writeJson } from '../output/json.js';
import { withDaemon } from '../session/with-daemon.js';
import { addDaemonOptions, type DaemonOptions, examples } from './options.js';

export function addUndrain(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program
      .command('undrain')
      .summary('let a host take replicas again')
      .description(
        'Ends what `weaverd drain` began, and lets a host in again that was removed. What has moved away does not move back by itself.',
      )
      .argument('<host>', 'name of the host, as `weaverd hosts` has it'),
  )
    .addHelpText('after', examples('undrain h2'))
    .action((host: string, options: DaemonOptions) =>
      withDaemon(cli, options, async (client) => {
        await client.changeHost(host, 'undrain');
        if (options.json === true) return writeJson(cli.stdout, { host, change: 'undrain' });
        cli.stdout.write(`${host} takes replicas again\n`);
      }),
    );
}
