import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { CliEnvironment } from '../environment.js';
import { ReportedFailure } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import { Progress } from '../output/progress.js';
import { interruptions } from '../run/interruptions.js';
import { ALLOW_INCOMPATIBLE_STATE, APP_ARGUMENT, examples, type JsonOption, portOption } from './options.js';

interface RunOptions extends JsonOption {
  readonly colocate?: 'all' | 'none';
  readonly port?: Readonly<Record<string, number>>;
  readonly state?: string;
  readonly allowIncompatibleState?: true;
}

export function addRun(program: Command, cli: CliEnvironment): void {
  program
    .command('run')
    .summary('build an app and run it here, until Ctrl-C')
    .description(
      'Builds an app and runs it as processes of this machine under a daemon of its own, in the foreground. Shows what runs, and the logs. Ctrl-C drains and stops all; a second one kills. An app whose main function returns, and that opens no listener, ends by itself.',
    )
    .argument('[app]', APP_ARGUMENT)
    .addOption(
      new Option(
        '--colocate <groups>',
        'all: one process for the whole app; none: one for each component (default: as weaver.toml says)',
      ).choices(['all', 'none']),
    )
    .option('--port <listener=port>', 'public port of a listener; may be given again', portOption)
    .option('--state <folder>', 'state folder of the daemon (default: <app folder>/.weaver/state)')
    .option('--allow-incompatible-state', ALLOW_INCOMPATIBLE_STATE)
    .option('--json', 'print newline-delimited JSON events')
    .addHelpText(
      'after',
      examples('run', 'run examples/boutique --port shop=8080', 'run examples/hello --colocate all --json'),
    )
    .action(async (app: string | undefined, options: RunOptions) => {
      const interrupts = new AbortController();
      let kill = (): void => {};
      const meaning = interruptions();
      const forget = cli.onInterrupt(() => {
        const meant = meaning(performance.now());
        if (meant === 'stop') interrupts.abort();
        if (meant !== 'kill') return;
        kill();
        process.exit(EXIT.interrupted);
      });
      const json = options.json === true;
      try {
        const [{ buildProgram }, { createReporter }, { RunSession }, { runStateFolder }] = await Promise.all([
          import('../session/build-program.js'),
          import('../run/reporters.js'),
          import('../run/run-session.js'),
          import('../session/state-folder.js'),
        ]);
        const built = await buildProgram(cli, {
          app,
          json,
          progress: new Progress(cli.stderr),
          overrides: { colocate: options.colocate, ports: options.port ?? {} },
          signal: interrupts.signal,
        });
        const reporter = createReporter(cli, json);
        const { description, folder, tookMs } = built;
        reporter.event({
          event: 'built',
          app: built.app.name,
          version: description.version,
          folder,
          components: description.components.length,
          tookMs,
        });
        const session = new RunSession(cli, {
          reporter,
          program: built,
          stateFolder:
            options.state === undefined ? runStateFolder(built.app.folder) : resolve(cli.cwd, options.state),
          interrupted: interrupts.signal,
          // There is no way back from what is being worked on.
          stateCheck: options.allowIncompatibleState === true ? 'none' : 'forward',
        });
        kill = () => {
          session.kill();
          reporter.close();
        };
        try {
          await session.run();
        } finally {
          reporter.close();
        }
      } catch (reason) {
        // What an interruption broke off is what was asked for.
        if (!interrupts.signal.aborted || reason instanceof ReportedFailure) throw reason;
      } finally {
        forget();
      }
    });
}
