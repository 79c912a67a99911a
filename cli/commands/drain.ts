import type { Command } from 'commander';
import type { CliEnvironment } from '../environment.js';
import { writeJson } from '../output/json.js';
import { awaitDrained } from '../session/await-drained.js';
import { withDaemon } from '../session/with-daemon.js';
import { addDaemonOptions, type DaemonOptions, durationOption, examples } from './options.js';

interface DrainOptions extends DaemonOptions {
  readonly wait?: true;
  readonly timeout: number;
}

export function addDrain(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program
      .command('drain')
      .summary('move everything off a host')
      .description(
        'Moves the replicas of a host to others, and places no new ones there, until `weaverd undrain`. Each serves elsewhere before it stops here; one that fits nowhere else stays.',
      )
      .argument('<host>', 'name of the host, as `weaverd hosts` has it'),
  )
    .option('--wait', 'wait until nothing runs there')
    .option('--timeout <duration>', 'how long to wait', durationOption, 300_000)
    .addHelpText('after', examples('drain h2', 'drain h2 --wait --timeout 10m'))
    .action((host: string, options: DrainOptions) =>
      withDaemon(cli, options, async (client) => {
        await client.changeHost(host, 'drain');
        if (options.wait === true) await awaitDrained(client, host, options.timeout, cli);
        if (options.json === true)
          return writeJson(cli.stdout, { host, change: 'drain', drained: options.wait === true });
        cli.stdout.write(
          options.wait === true
            ? `${host} is drained\n`
            : `${host} is draining; \`weaverd hosts\` shows what is left\n`,
        );
      }),
    );
}
