/** Something wrong in a configuration file (or in what stands in for one), in words, with where and the mend. */
export interface ConfigProblem {
  /** Path of the file, undefined when there is none. */
  readonly file: string | undefined;
  /** From 1; undefined when not known. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly message: string;
  readonly mend: string | undefined;
}

/** All that is wrong with a configuration, not the first thing only. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly ConfigProblem[]) {
    super(problems.map(formatConfigProblem).join('\n'));
    this.name = 'ConfigError';
  }
}

/** By its name and shape: under a loader such as tsx this module may be there twice, imported and required. */
export function isConfigError(reason: unknown): reason is ConfigError {
  return reason instanceof Error && reason.name === 'ConfigError' && 'problems' in reason;
}

/** `file:line:column: message; mend`, of which only what is known. */
export function formatConfigProblem(problem: ConfigProblem): string {
  const place = formatConfigPlace(problem);
  const message = problem.mend === undefined ? problem.message : `${problem.message}; ${problem.mend}`;
  return place === '' ? message : `${place}: ${message}`;
}

export function formatConfigPlace({ file, line, column }: ConfigProblem): string {
  return [file, line, column].filter((part) => part !== undefined).join(':');
}
