import type { Command } from 'commander';
import type { CliEnvironment } from '../environment.js';
import { writeJson } from '../output/json.js';
import { withDaemon } from '../session/with-daemon.js';
import { addDaemonOptions, type DaemonOptions, examples } from './options.js';

export function addRemove(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program
      .command('remove')
      .summary('take a host out of the cluster')
      .description(
        'Takes a host out of the cluster: its daemon is refused from now on, until `weaverd undrain`. The host must be drained, or dead.',
      )
      .argument('<host>', 'name of the host, as `weaverd hosts` has it'),
  )
    .addHelpText('after', examples('drain h2 --wait', 'remove h2'))
    .action((host: string, options: DaemonOptions) =>
      withDaemon(cli, options, async (client) => {
        await client.changeHost(host, 'remove');
        if (options.json === true) return writeJson(cli.stdout, { host, change: 'remove' });
        cli.stdout.write(`${host} is removed; \`weaverd undrain ${host}\` lets it in again\n`);
      }),
    );
}
