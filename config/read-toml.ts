import { readFile } from 'node:fs/promises';
import { parse, TomlError } from 'smol-toml';
import type * as z from 'zod';
import { ConfigError, type ConfigProblem } from './config-problem.js';
import { describeIssues } from './schema-problems.js';

/** Configuration is written by hand; more than this is another file by mistake. */
const MAX_BYTES = 1024 * 1024;

/** A checked file, with its text for what is found wrong later. */
export interface TomlFile<T> {
  readonly file: string;
  readonly text: string;
  readonly value: T;
}

/** Reads and checks one file. Throws a {@link ConfigError} with all its problems. */
export async function readToml<S extends z.ZodType>(file: string, schema: S): Promise<TomlFile<z.output<S>>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (reason) {
    throw new ConfigError([
      problem(file, `cannot be read: ${reason instanceof Error ? reason.message : reason}`),
    ]);
  }
  return { file, text, value: parseToml(text, file, schema) };
}

/** The pure part of {@link readToml}. */
export function parseToml<S extends z.ZodType>(text: string, file: string, schema: S): z.output<S> {
  if (text.length > MAX_BYTES)
    throw new ConfigError([problem(file, `has ${text.length} characters, more than ${MAX_BYTES}`)]);
  let value: unknown;
  try {
    value = parse(text);
  } catch (reason) {
    if (!(reason instanceof TomlError)) throw reason;
    // The message ends with an excerpt of several lines, which the position replaces.
    const [message = reason.message] = reason.message.split('\n');
    const said = message.replace(/^Invalid TOML document: /, '');
    throw new ConfigError([
      { ...problem(file, `not valid TOML: ${said}`), line: reason.line, column: reason.column },
    ]);
  }
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  throw new ConfigError(describeIssues(checked.error.issues, schema, { value, file, text }));
}

function problem(file: string, message: string): ConfigProblem {
  return { file, line: undefined, column: undefined, message, mend: undefined };
}
