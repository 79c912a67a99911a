import { resolveAvro } from '../../sdk/protocol/avro-resolution.js';
import { STATE_PART_BYTES, type StateWriteAnswer } from '../../sdk/protocol/state-query.js';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import { readExport, wrongLine } from './export-lines.js';
import type { KnownState } from './export-state.js';
import type { StateEntry, StateSource } from './state-source.js';
import { type ValueJson, valueJson } from './value-json.js';

export interface ImportOptions {
  readonly file: string;
  /** Of the component, as it writes them now. */
  readonly states: readonly KnownState[];
  readonly now: () => number;
}

/** How many entries were written, were there already, were kept since another value is there, or have expired. */
export type ImportCounts = { readonly [O in StateWriteAnswer['outcome'] | 'expired']: number };

/** An entry of the file as it is to be written. */
interface Imported extends StateEntry {
  readonly state: string;
  readonly line: number;
}

/** Bytes of lines that are being written at a time; and how many lines. */
const MAX_WRITING_BYTES = 16 * 1024 * 1024;
const MAX_WRITING = 64;
/** For a key that is being handed over from one replica to another. */
const RETRIES = 20;
const RETRY_MS = 500;

/** Checks the whole file; how many entries it has. Rejects with a CliError that names the line. */
export async function checkImport(options: ImportOptions): Promise<number> {
  let entries = 0;
  for await (const _ of importedEntries(options)) entries++;
  return entries;
}

/**
 * Writes every entry, whichever were written before: it can be done again after it was broken off. Rejects with the first failure,
 * when what was begun has ended.
 */
export async function importState(
  source: StateSource,
  options: ImportOptions & {
    readonly overwrite: boolean;
    readonly sleep: (ms: number) => Promise<void>;
    readonly isElsewhere: (reason: unknown) => boolean;
    readonly progress: (counts: ImportCounts) => void;
  },
): Promise<ImportCounts> {
  let counts: ImportCounts = { written: 0, same: 0, kept: 0, expired: 0 };
  const count = (outcome: keyof ImportCounts) => {
    counts = { ...counts, [outcome]: counts[outcome] + 1 };
    options.progress(counts);
  };
  const writing = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let bytes = 0;
  for await (const entry of importedEntries(options)) {
    while (writing.size >= MAX_WRITING || bytes > MAX_WRITING_BYTES) await Promise.race(writing);
    if (failures.length > 0) break;
    if (entry.expiresAt !== 0 && entry.expiresAt <= options.now()) {
      count('expired');
      continue;
    }
    bytes += entry.bytes.length;
    const written = write(source, entry, options)
      .then(count, (reason: unknown) => void failures.push(reason))
      .finally(() => {
        bytes -= entry.bytes.length;
        writing.delete(written);
      });
    writing.add(written);
    // A replica takes few values at a time that come in parts.
    if (entry.bytes.length > STATE_PART_BYTES) await written;
  }
  await Promise.all(writing);
  if (failures.length === 0) return counts;
  const [first] = failures;
  throw new CliError(
    EXIT.failure,
    `${counts.written} entries were imported; then: ${first instanceof Error ? first.message : first}`,
    { mend: 'import the file again: what is there already is passed over', cause: first },
  );
}

async function write(
  source: StateSource,
  entry: Imported,
  options: Parameters<typeof importState>[1],
): Promise<StateWriteAnswer['outcome']> {
  for (let attempt = 1; ; attempt++)
    try {
      return await source.write(entry.state, entry, options.overwrite);
    } catch (reason) {
      if (!options.isElsewhere(reason) || attempt === RETRIES) {
        const message = reason instanceof Error ? reason.message : String(reason);
        throw new Error(`${options.file}:${entry.line}: ${message}`, { cause: reason });
      }
      await options.sleep(RETRY_MS);
    }
}

interface Conversion {
  readonly from: ValueJson;
  readonly to: ValueJson;
  readonly schema: string;
  readonly convert: ((value: unknown) => unknown) | undefined;
}

async function* importedEntries({ file, states }: ImportOptions): AsyncGenerator<Imported> {
  const conversions = new Map<string, Conversion>();
  let last = 0;
  let entries = 0;
  let isWhole = false;
  let hasHeader = false;
  for await (const { number, line } of readExport(file)) {
    last = number;
    if (isWhole) throw wrongLine(file, number, 'is behind the end of the export');
    if ('export' in line) {
      hasHeader = true;
      continue;
    }
    if (!hasHeader)
      throw wrongLine(file, number, 'is not the header of an export: {"export": "weaverd-state", …}');
    if ('entries' in line) {
      isWhole = true;
      if (line.entries !== entries)
        throw wrongLine(file, number, `${line.entries} entries were exported, and here are ${entries}`);
    } else if ('schema' in line) {
      conversions.set(
        line.state,
        conversionOf(file, number, line.state, JSON.stringify(line.schema), states),
      );
    } else {
      const conversion = conversions.get(line.state);
      if (conversion === undefined)
        throw wrongLine(file, number, `the schema of ${line.state} is not above it`);
      entries++;
      const { state, key, expires } = line;
      const expiresAt = expires === undefined ? 0 : Date.parse(expires);
      const { schema } = conversion;
      yield { state, key, bytes: bytesOf(file, number, line, conversion), schema, expiresAt, line: number };
    }
  }
  if (!isWhole)
    throw wrongLine(
      file,
      last,
      'the export ends here without its last line, {"entries": …}: it is not whole',
    );
}

function conversionOf(
  file: string,
  number: number,
  state: string,
  schema: string,
  states: readonly KnownState[],
): Conversion {
  const known = states.find((each) => each.state === state);
  if (known === undefined)
    throw wrongLine(
      file,
      number,
      `there is no state ${state}; there are ${states.map((each) => each.state).join(', ')}`,
    );
  let from: ValueJson;
  try {
    from = valueJson(schema);
  } catch (cause) {
    throw wrongLine(file, number, 'the schema is no Avro schema', cause);
  }
  if (schema === known.schema) return { from, to: from, schema, convert: undefined };
  const resolution = resolveAvro(schema, known.schema);
  if (resolution.kind === 'incompatible')
    throw wrongLine(
      file,
      number,
      `${state} is of another type now: \`${resolution.path}\` ${resolution.problem}`,
    );
  return { from, to: valueJson(known.schema), schema: known.schema, convert: resolution.convert };
}

function bytesOf(
  file: string,
  number: number,
  { state, key, value }: { readonly state: string; readonly key: string; readonly value: unknown },
  { from, to, convert }: Conversion,
): Buffer {
  try {
    const bytes = from.toBytes(value);
    return convert === undefined ? bytes : from.convert(bytes, to, convert);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw wrongLine(file, number, `${state}[${JSON.stringify(key)}]: ${message}`, cause);
  }
}
