import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';

/**
 * An export is lines of JSON: a header; then for each state its schema and its entries, `wakes` where they are reminders; an end
 * with their number, without which it is not whole.
 */
export type ExportLine =
  | {
      readonly export: 'weaverd-state';
      readonly format: 1;
      readonly app: string;
      readonly component: string;
      readonly at: string;
    }
  /** `schema`: Avro. */
  | { readonly state: string; readonly schema: unknown }
  /** `expires`: ISO 8601; absent: never. */
  | {
      readonly state: string;
      readonly key: string;
      readonly value: unknown;
      readonly expires?: string | undefined;
    }
  | { readonly entries: number };

const lineSchema: z.ZodType<ExportLine> = z.union([
  z.strictObject({
    export: z.literal('weaverd-state'),
    format: z.literal(1),
    app: z.string(),
    component: z.string(),
    at: z.string(),
  }),
  z.strictObject({
    state: z.string(),
    key: z.string(),
    value: z.json(),
    expires: z.iso.datetime().optional(),
  }),
  z.strictObject({ state: z.string(), schema: z.json() }),
  z.strictObject({ entries: z.int().min(0) }),
]);

export interface NumberedLine {
  /** From 1. */
  readonly number: number;
  /** Of its text. */
  readonly length: number;
  readonly line: ExportLine;
}

/** The lines of the file, each checked by itself. Rejects with a CliError that has the number of the line. */
export async function* readExport(file: string): AsyncGenerator<NumberedLine> {
  const stream = createReadStream(file, 'utf8');
  let number = 0;
  for await (const text of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (text.trim() !== '') yield { number, length: text.length, line: parseLine(file, number, text) };
  }
}

function parseLine(file: string, number: number, text: string): ExportLine {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw wrongLine(file, number, 'is not JSON', cause);
  }
  const parsed = lineSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw wrongLine(
    file,
    number,
    'is no line of an export: {"state", "key", "value"}, for instance',
    parsed.error,
  );
}

export function wrongLine(file: string, number: number, problem: string, cause?: unknown): CliError {
  return new CliError(EXIT.failure, `${file}:${number}: ${problem}`, {
    mend: 'nothing was imported; mend the line, or export again with `weaverd state export`',
    cause,
  });
}
