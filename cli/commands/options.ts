import { type Command, InvalidArgumentError } from 'commander';
import { isLogLevelName, LOG_LEVELS } from '../output/log-line.js';
import { parseDuration } from '../output/quantities.js';

export interface JsonOption {
  readonly json?: true;
}
export interface DaemonOptions extends JsonOption {
  readonly state?: string;
}

export const APP_ARGUMENT =
  "the app's folder, its weaver.toml or its entry file; the current folder by default";

export const ALLOW_INCOMPATIBLE_STATE =
  'deploy although types of states have changed so that versions cannot read what others stored';

/** Of every command that talks to a daemon. */
export function addDaemonOptions(command: Command): Command {
  return command
    .option('--state <folder>', 'state folder of the daemon (default: $WEAVERD_STATE, or that of the user)')
    .option('--json', 'print JSON');
}

/** Lines of `weaverd …`, below the help of a command. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ weaverd ${line}\n`).join('')}`;
}

export function durationOption(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('Give a duration such as 30s, 10m or 2h.');
  return ms;
}

export function countOption(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError('Give a whole number, 0 or more.');
  return Number(text);
}

/** pino's number of a level. */
export function levelOption(text: string): number {
  const name = text.toLowerCase();
  if (!isLogLevelName(name))
    throw new InvalidArgumentError(`Give one of ${Object.keys(LOG_LEVELS).join(', ')}.`);
  return LOG_LEVELS[name];
}

/** `shop=8080`, any number of times. */
export function portOption(
  text: string,
  before: Readonly<Record<string, number>> = {},
): Readonly<Record<string, number>> {
  const match = /^(?<listener>[^=]+)=(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.port);
  const listener = match?.groups?.listener;
  if (listener === undefined || port > 65_535)
    throw new InvalidArgumentError('Give listener=port, such as shop=8080.');
  return { ...before, [listener]: port };
}
