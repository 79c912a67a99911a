import * as z from 'zod';
import type { ConfigProblem } from './config-problem.js';
import { nearestName } from './nearest-name.js';
import { formatKeyPath, formatSection, type KeyPath, lineOfKey } from './toml-path.js';

/** The document that was checked; `text` gives the lines. */
export interface CheckedDocument {
  readonly value: unknown;
  readonly file: string | undefined;
  readonly text: string;
}

/** What zod found, in words: which key, what it must be, what it is, and the known key that was probably meant. */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  schema: z.ZodType,
  document: CheckedDocument,
): readonly ConfigProblem[] {
  return issues
    .flatMap((issue) => describeIssue(issue, schema, document))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

function describeIssue(
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
  document: CheckedDocument,
): readonly ConfigProblem[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const problem = (at: KeyPath, message: string, mend?: string): ConfigProblem => ({
    file: document.file,
    line: lineOfKey(document.text, at),
    column: undefined,
    message,
    mend,
  });
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, path);
    return issue.keys.map((key) => {
      const nearest = nearestName(key, known);
      const mend =
        nearest === undefined ? `the keys known there: ${known.join(', ')}` : `did you mean \`${nearest}\`?`;
      return problem([...path, key], `unknown key \`${key}\` in ${formatSection(path)}`, mend);
    });
  }
  if (issue.code === 'custom') return [problem(path, `\`${formatKeyPath(path)}\` ${issue.message}`)];
  if (issue.code === 'invalid_key') {
    const key = path.at(-1) ?? '';
    const why = issue.issues.map(({ message }) => message).join('; ');
    return [problem(path, `the key \`${key}\` in ${formatSection(path.slice(0, -1))} must be ${why}`)];
  }
  const inner = issue.code === 'invalid_union' ? deepestBranch(issue) : undefined;
  if (inner !== undefined)
    return inner.flatMap((each) =>
      describeIssue({ ...each, path: [...issue.path, ...each.path] }, schema, document),
    );
  const wanted = issue.code === 'invalid_union' ? unionWanted(issue) : wantedBy(issue);
  const actual = valueAt(document.value, path);
  return [problem(path, `\`${formatKeyPath(path)}\` must be ${wanted}, but is ${inWords(actual)}`)];
}

/** The one branch of a union that the value was meant for: that in which something inside it is wrong. */
function deepestBranch(issue: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | undefined {
  return issue.errors.find((branch) => branch.some(({ path }) => path.length > 0));
}

function unionWanted(issue: z.core.$ZodIssueInvalidUnion): string {
  const branches = issue.errors.map((branch) => branch.map(wantedBy).join(' and '));
  return [...new Set(branches)].join(' or ');
}

function wantedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? `of type ${issue.expected}`;
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(' or ');
    case 'too_small':
      return bound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum);
    case 'too_big':
      return bound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    default:
      return issue.message;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'an array',
  object: 'a table',
  record: 'a table',
};

function bound(origin: string, comparison: string, limit: number | bigint): string {
  if (origin === 'array') return `an array of ${comparison} ${limit}`;
  if (origin === 'string') return `a string of ${comparison} ${limit} characters`;
  return `${comparison} ${limit}`;
}

function inWords(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return `the string ${JSON.stringify(value)}`;
  if (typeof value === 'number' || typeof value === 'boolean') return `${value}`;
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date) return 'a date';
  return 'a table';
}

function valueAt(value: unknown, path: KeyPath): unknown {
  let current = value;
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return undefined;
    current = (current as Record<string | number, unknown>)[part];
  }
  return current;
}

/** Keys that the schema has at a path, found in its JSON Schema, which is plain data. */
function knownKeys(schema: z.ZodType, path: KeyPath): readonly string[] {
  let nodes: readonly JsonSchema[] = [z.toJSONSchema(schema, { io: 'input' }) as JsonSchema];
  for (const part of path) nodes = nodes.flatMap(alternatives).flatMap((node) => child(node, part));
  return nodes.flatMap(alternatives).flatMap(({ properties }) => Object.keys(properties ?? {}));
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

function alternatives(node: JsonSchema): readonly JsonSchema[] {
  return node.anyOf === undefined ? [node] : node.anyOf.flatMap(alternatives);
}

function child(node: JsonSchema, part: string | number): readonly JsonSchema[] {
  if (typeof part === 'number') return node.items === undefined ? [] : [node.items];
  const named = node.properties?.[part];
  if (named !== undefined) return [named];
  return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : [];
}
