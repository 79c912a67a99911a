import type { LogLine, LogNotice } from '../../daemon/api/api-types.js';
import { type Colours, NO_COLOURS } from './colours.js';
import { printable } from './printable.js';

/** pino's levels. */
export const LOG_LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const;
export type LogLevelName = keyof typeof LOG_LEVELS;

export function isLogLevelName(name: string): name is LogLevelName {
  return Object.hasOwn(LOG_LEVELS, name);
}

/**
 * `12:03:04.123 INFO  Cart-0 message key=value`, with the host before the replica where it is wanted; further lines of a message are indented, and so are the stacks of errors
 * among the fields.
 */
export function formatLogLine(line: LogLine, colours: Colours = NO_COLOURS, showHost = false): string {
  const name = levelName(line.level);
  const [first = '', ...more] = printable(line.message).trimEnd().split('\n');
  const values = Object.entries(line.fields).map(([key, value]) => ({ key, ...splitError(value) }));
  const fields = values
    .filter(({ value }) => value !== undefined)
    .map(({ key, value }) => ` ${colours.dim(`${printable(key)}=`)}${formatValue(value)}`)
    .join('');
  const level = LEVEL_COLOURS[name];
  const head = [
    colours.dim(formatTime(line.time)),
    level === undefined ? name.padEnd(5) : colours[level](name.padEnd(5)),
    ...(showHost ? [colours.dim(printable(line.host ?? '-'))] : []),
    colours.cyan(printable(speaker(line))),
    first,
  ].join(' ');
  const stacks = values
    .map(({ stack }) => printable(stack).trimEnd())
    .filter((stack) => stack !== '' && !line.message.includes(stack));
  const below = [...more, ...stacks.flatMap((stack) => stack.split('\n'))];
  return [head + fields, ...below.map((each) => `    ${each}`)].join('\n');
}

/** Undefined for what is not for people. */
export function describeLogNotice(notice: LogNotice): string | undefined {
  if ('missing' in notice)
    return `${printable(notice.missing)} does not answer; its lines are missing (${printable(notice.reason)})`;
  if ('found' in notice) return `${printable(notice.found)} answers again; its lines are here`;
  return undefined;
}

/** Of an error as pino serialises it: the stack, which has type, message and causes, and what else there is to it. */
function splitError(value: unknown): { readonly stack: string; readonly value: unknown } {
  if (typeof value !== 'object' || value === null || !('stack' in value) || typeof value.stack !== 'string')
    return { stack: '', value };
  const { stack, ...others } = value;
  const rest = Object.entries(others).filter(([key]) => key !== 'type' && key !== 'message');
  return { stack, value: rest.length === 0 ? undefined : Object.fromEntries(rest) };
}

const LEVEL_COLOURS: Readonly<Record<string, 'red' | 'yellow' | 'dim' | undefined>> = {
  FATAL: 'red',
  ERROR: 'red',
  WARN: 'yellow',
  DEBUG: 'dim',
  TRACE: 'dim',
};

function levelName(level: number): string {
  const name = Object.entries(LOG_LEVELS).findLast(([, value]) => level >= value)?.[0] ?? 'trace';
  return name.toUpperCase();
}

/** The replica, and the component when the replica's name does not say it. */
function speaker({ component, replica }: LogLine): string {
  if (component === '' || replica.startsWith(`${component}-`)) return replica;
  return replica === '' ? component : `${component}@${replica}`;
}

/** Local time of day. */
function formatTime(time: number): string {
  const date = new Date(time);
  const digits = (value: number, length: number) => String(value).padStart(length, '0');
  return `${digits(date.getHours(), 2)}:${digits(date.getMinutes(), 2)}:${digits(date.getSeconds(), 2)}.${digits(date.getMilliseconds(), 3)}`;
}

function formatValue(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return printable(value);
  return printable(JSON.stringify(value) ?? String(value));
}
