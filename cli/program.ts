import { Command, CommanderError } from 'commander';
import { weaverdVersion } from '../daemon/weaverd-version.js';
import { addBuild } from './commands/build.js';
import { addConfig } from './commands/config.js';
import { addDeploy } from './commands/deploy.js';
import { addDoctor } from './commands/doctor.js';
import { addDrain } from './commands/drain.js';
import { addEvents } from './commands/events.js';
import { addHistory } from './commands/history.js';
import { addHosts } from './commands/hosts.js';
import { addLogs } from './commands/logs.js';
import { addPlan } from './commands/plan.js';
import { addPs } from './commands/ps.js';
import { addRemove } from './commands/remove.js';
import { addRouting } from './commands/routing.js';
import { addRun } from './commands/run.js';
import { addShutdown } from './commands/shutdown.js';
import { addStart } from './commands/start.js';
import { addState } from './commands/state.js';
import { addStatus } from './commands/status.js';
import { addStop } from './commands/stop.js';
import { addTop } from './commands/top.js';
import { addTrace } from './commands/trace.js';
import { addUndrain } from './commands/undrain.js';
import type { CliEnvironment } from './environment.js';
import { coloursFor } from './output/colours.js';
import { type DescribedError, describeError, exitCodeOf, formatErrors } from './output/errors.js';
import { EXIT, EXIT_CODES_HELP, type ExitCode } from './output/exit-codes.js';
import { formatJsonErrors } from './output/json.js';

/** Runs one command. Never rejects: failures are told on stderr, and by the exit code. */
export async function runCli(args: readonly string[], cli: CliEnvironment): Promise<ExitCode> {
  try {
    await createProgram(cli).parseAsync([...args], { from: 'user' });
    return EXIT.ok;
  } catch (reason) {
    if (reason instanceof CommanderError) return usageFailure(reason, args, cli);
    if (cli.env.WEAVERD_DEBUG && reason instanceof Error) cli.stderr.write(`${reason.stack}\n`);
    report(describeError(reason), args, cli);
    return exitCodeOf(reason);
  }
}

const HELP_AFTER = `
${EXIT_CODES_HELP}

Environment:
  WEAVERD_STATE  state folder of the daemon
  NO_COLOR       no colours

Start with:
  $ weaverd run examples/hello`;

export function createProgram(cli: CliEnvironment): Command {
  const program = new Command('weaverd')
    .description(
      'Runs TypeScript programs made of components: as processes of this machine, or over the hosts of a cluster.',
    )
    .version(weaverdVersion(), '-V, --version')
    .helpCommand('help [command]', 'show the help of a command')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => cli.stdout.write(text),
      writeErr: (text) => cli.stderr.write(text),
      outputError: () => {}, // told by usageFailure, in the form that all errors have
      getOutHelpWidth: () => cli.stdout.columns,
      getErrHelpWidth: () => cli.stderr.columns,
    })
    .addHelpText('after', HELP_AFTER);
  const add = [
    addRun,
    addBuild,
    addDeploy,
    addPs,
    addStatus,
    addLogs,
    addStop,
    addHistory,
    addEvents,
    addTrace,
    addHosts,
    addPlan,
    addRouting,
    addState,
    addDrain,
    addUndrain,
    addRemove,
    addTop,
    addDoctor,
  ];
  for (const each of [...add, addStart, addShutdown, addConfig]) each(program, cli);
  return program;
}

function usageFailure(reason: CommanderError, args: readonly string[], cli: CliEnvironment): ExitCode {
  if (reason.exitCode === 0) return EXIT.ok; // --help, --version
  if (reason.code === 'commander.help') return EXIT.usage; // no command: the help was shown
  const [message = '', suggestion] = reason.message.replace(/^error: /, '').split('\n');
  const [command = ''] = args;
  const isCommand = createProgram(cli).commands.some((each) => each.name() === command);
  const mend =
    suggestion === undefined
      ? `see \`weaverd ${isCommand ? `${command} ` : ''}--help\``
      : suggestion.replace(/^\(Did (.*)\)$/, 'did $1');
  report([{ message, mend }], args, cli);
  return EXIT.usage;
}

function report(errors: readonly DescribedError[], args: readonly string[], cli: CliEnvironment): void {
  cli.stderr.write(
    args.includes('--json')
      ? formatJsonErrors(errors)
      : formatErrors(errors, coloursFor(cli.stderr, cli.env)),
  );
}
