import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CliEnvironment } from '../environment.js';
import { writeJson } from '../output/json.js';
import { addDaemonOptions, type DaemonOptions, examples } from './options.js';

interface StartOptions extends DaemonOptions {
  readonly config?: string;
  readonly detach?: true;
}

export function addStart(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program
      .command('start')
      .summary('start a long-running daemon')
      .description(
        'Runs the daemon in the foreground, as a service manager wants it, or detached. When it ends on SIGTERM or Ctrl-C the apps go on, and the next daemon on the same state folder adopts them; `weaverd shutdown` stops both.',
      ),
  )
    .option(
      '--config <file>',
      'the weaverd.toml to read (default: /etc/weaverd/weaverd.toml for root, else ~/.config/weaverd/weaverd.toml)',
    )
    .option('--detach', 'leave it running in the background, and wait until it answers')
    .addHelpText(
      'after',
      examples('start', 'start --detach', 'start --config weaverd.toml --state /srv/weaverd'),
    )
    .action(async (options: StartOptions) => {
      const { loadDaemonConfig } = await import('../../config/daemon-config.js');
      const { cwd, env, userId } = cli;
      const place = { file: options.config, stateFolder: options.state, env, cwd, userId };
      const { stateFolder } = await loadDaemonConfig(place); // what is wrong with it is said as by any command
      const config = options.config === undefined ? [] : ['--config', resolve(cwd, options.config)];
      if (options.detach === true) return startDetached(cli, options, stateFolder, config);
      const state = options.state === undefined ? [] : ['--state', resolve(cwd, options.state)];
      const json = options.json === true ? ['--json'] : [];
      // This process becomes the daemon, which reads its arguments and ends the process itself.
      process.argv.splice(2, process.argv.length, ...state, ...config, ...json);
      await import('../../daemon/main.js');
      await new Promise(() => {});
    });
}

async function startDetached(
  cli: CliEnvironment,
  options: StartOptions,
  stateFolder: string,
  args: readonly string[],
): Promise<void> {
  const { startDaemonProcess } = await import('../session/daemon-process.js');
  const { pid, logFile } = await startDaemonProcess(cli, { stateFolder, life: 'detached', args });
  if (options.json === true) return writeJson(cli.stdout, { pid, stateFolder, logFile });
  cli.stdout.write(`daemon ${pid} runs on ${stateFolder}\n  log: ${logFile}\n`);
}
