import type { TextOutput } from '../environment.js';
import type { DescribedError } from './errors.js';

/** One result, readable and parseable. */
export function writeJson(output: TextOutput, value: unknown): void {
  output.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** One of many results: newline-delimited JSON. */
export function writeJsonLine(output: TextOutput, value: unknown): void {
  output.write(`${JSON.stringify(value)}\n`);
}

/** Under `--json` errors go to stderr as one line each, so that stdout holds results only. */
export function formatJsonErrors(errors: readonly DescribedError[]): string {
  return errors.map((error) => `${JSON.stringify({ error })}\n`).join('');
}
