import { formatConfigPlace, isConfigError } from '../../config/config-problem.js';
import { ApiError } from '../../daemon/api/api-error.js';
import type { Colours } from './colours.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { printable } from './printable.js';

/** A command cannot go on. The message names the thing, `mend` what the reader can do. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly mend: string | undefined;

  constructor(
    readonly exitCode: ExitCode,
    message: string,
    options: { readonly mend?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.mend = options.mend;
  }
}

/** The command has already said what went wrong; only the exit code is left to give. */
export class ReportedFailure extends Error {
  override readonly name = 'ReportedFailure';

  constructor(readonly exitCode: ExitCode) {
    super(`exit code ${exitCode}`);
  }
}

export interface DescribedError {
  readonly message: string;
  readonly mend: string | undefined;
}

export function exitCodeOf(reason: unknown): ExitCode {
  if (reason instanceof CliError || reason instanceof ReportedFailure) return reason.exitCode;
  if (isDaemonGone(reason)) return EXIT.noDaemon;
  return isConfigError(reason) ? EXIT.usage : EXIT.failure;
}

/** There is no daemon, or no more. */
export function isDaemonGone(reason: unknown): boolean {
  return reason instanceof ApiError && (reason.code === 'NO_DAEMON' || reason.code === 'DAEMON_LOST');
}

/** All that a failure has to say, without internals such as stacks (WEAVERD_DEBUG shows those). */
export function describeError(reason: unknown): readonly DescribedError[] {
  if (reason instanceof ReportedFailure) return [];
  if (isConfigError(reason))
    return reason.problems.map((problem) => {
      const place = formatConfigPlace(problem);
      return { message: place === '' ? problem.message : `${place}: ${problem.message}`, mend: problem.mend };
    });
  const message = reason instanceof Error ? reason.message : String(reason);
  const mend = reason instanceof Error && 'mend' in reason ? reason.mend : undefined;
  return [{ message, mend: typeof mend === 'string' ? mend : undefined }];
}

/** `error: …` and, where there is one, `mend: …`, for each; ends with a line break unless empty. */
export function formatErrors(errors: readonly DescribedError[], colours: Colours): string {
  return errors
    .map(({ message, mend }) => {
      const error = `${colours.bold(colours.red('error:'))} ${readable(message)}\n`;
      return mend === undefined ? error : `${error}${colours.bold(' mend:')} ${readable(mend)}\n`;
    })
    .join('');
}

/** Indented, and without the middle of what no one would read, such as a name of a hundred thousand letters. */
function readable(text: string): string {
  const shown = printable(text).replaceAll('\n', '\n       ');
  return shown.length <= MOST_SHOWN
    ? shown
    : `${shown.slice(0, MOST_SHOWN * 0.8)} … ${shown.slice(-MOST_SHOWN * 0.2)}`;
}

const MOST_SHOWN = 4000;
