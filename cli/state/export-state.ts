import { resolveAvro } from '../../sdk/protocol/avro-resolution.js';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import type { ExportLine } from './export-lines.js';
import type { OpenState } from './open-state.js';
import type { StateEntry } from './state-source.js';
import { type ValueJson, valueJson } from './value-json.js';

/** Reads the values of one state, whichever version wrote them. */
export class EntryReader {
  readonly #where: string;
  readonly #schema: string;
  readonly #asStored = new Map<string, ValueJson>();

  /** @param schema in which the values are shown */
  constructor(component: string, state: string, schema: string) {
    this.#where = `${state} of ${component}`;
    this.#schema = schema;
  }

  /** Throws a CliError for what is of no schema, or would not come back as it is. */
  toJson({ key, bytes, schema }: StateEntry): unknown {
    const name = `the key ${JSON.stringify(key)} of ${this.#where}`;
    try {
      const stored = this.#as(schema);
      const json = stored.toJson(bytes);
      if (stored.toBytes(json).length !== bytes.length) throw new Error('its JSON would not be all of it');
      if (schema === this.#schema) return json;
      const resolution = resolveAvro(schema, this.#schema);
      if (resolution.kind === 'incompatible')
        throw new Error(`stored by another version, \`${resolution.path}\` ${resolution.problem}`);
      return this.#as(this.#schema).toJson(stored.convert(bytes, this.#as(this.#schema), resolution.convert));
    } catch (cause) {
      throw new CliError(
        EXIT.failure,
        `${name} cannot be read: ${cause instanceof Error ? cause.message : cause}`,
        {
          mend: 'deploy a version whose type can read what is stored',
          cause,
        },
      );
    }
  }

  #as(schema: string): ValueJson {
    let known = this.#asStored.get(schema);
    if (known === undefined) {
      known = valueJson(schema);
      this.#asStored.set(schema, known);
    }
    return known;
  }
}

export interface KnownState {
  readonly state: string;
  /** In which it is written now. */
  readonly schema: string;
}

/** The component's states with their schemas; of one that is named that one. Rejects with a CliError. */
export async function knownStates(
  { source, schemas }: OpenState,
  named?: string,
): Promise<readonly KnownState[]> {
  const { component } = source;
  const found = await source.states();
  const known = found.flatMap(({ state, schema }): KnownState[] => {
    const current = schemas?.[state] ?? schema;
    return current === undefined ? [] : [{ state, schema: current }];
  });
  for (const [state, schema] of Object.entries(schemas ?? {}))
    if (!known.some((each) => each.state === state)) known.push({ state, schema });
  if (named === undefined) return known;
  const one = known.find(({ state }) => state === named);
  if (one !== undefined) return [one];
  const names = known.map(({ state }) => state);
  throw new CliError(EXIT.failure, `${component} has no state ${named}`, {
    mend: names.length === 0 ? `${component} stores nothing` : `it has ${names.join(', ')}`,
  });
}

/** The lines of an export, as they are read. `count` is told how many entries there were so far. */
export async function* exportLines(
  open: OpenState,
  states: readonly KnownState[],
  now: number,
  count: (entries: number) => void,
): AsyncGenerator<ExportLine> {
  const { app, component } = open.source;
  yield { export: 'weaverd-state', format: 1, app, component, at: new Date(now).toISOString() };
  let entries = 0;
  for (const { state, schema } of states) {
    const reader = new EntryReader(component, state, schema);
    yield { state, schema: JSON.parse(schema) as unknown };
    for await (const entry of open.source.entries(state, '')) {
      const { key, expiresAt } = entry;
      const expires = expiresAt === 0 ? {} : { expires: new Date(expiresAt).toISOString() };
      yield { state, key, value: reader.toJson(entry), ...expires };
      count(++entries);
    }
  }
  yield { entries };
}
