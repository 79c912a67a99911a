import type { StoredEntry, StoredValue } from '../driver.js';
import { StateError } from '../state-error.js';
import type { LogRecord } from './record.js';

/** What an entry takes in the log beside its key and its value, about. */
const ENTRY_OVERHEAD_BYTES = 24;

/** What the log says, in memory: the values of every state by key, and the schemas by number. */
export class Table {
  readonly #schemas: { readonly state: string; readonly schema: string }[] = [];
  readonly #schemaNumbers = new Map<string, Map<string, number>>();
  readonly #states = new Map<string, Map<string, StoredValue>>();
  #liveBytes = 0;

  /** About what the entries would take in a log of their own. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** Throws CORRUPT when the record refers to what is not there. */
  apply(record: LogRecord): void {
    switch (record.kind) {
      case 'schema': {
        this.#schemas.push({ state: record.state, schema: record.schema });
        const numbers = this.#schemaNumbers.get(record.state) ?? new Map<string, number>();
        numbers.set(record.schema, this.#schemas.length - 1);
        this.#schemaNumbers.set(record.state, numbers);
        return;
      }
      case 'set': {
        const known = this.#schemas[record.schema];
        if (known === undefined)
          throw new StateError(
            'CORRUPT',
            `a value refers to the schema ${record.schema}, which is not stored`,
          );
        const { schema, state } = known;
        let entries = this.#states.get(state);
        if (entries === undefined) {
          entries = new Map();
          this.#states.set(state, entries);
        }
        // In place: a map whose entries are deleted and set again is rehashed again and again.
        const before = entries.get(record.key);
        entries.set(record.key, { bytes: record.value, schema, expiresAt: record.expiresAt });
        this.#liveBytes +=
          before === undefined
            ? entryBytes(record.key, record.value)
            : record.value.length - before.bytes.length;
        return;
      }
      case 'delete':
        this.#remove(record.state, record.key);
    }
  }

  /** In the order in which they came. */
  schemasByState(): ReadonlyMap<string, readonly string[]> {
    return new Map([...this.#schemaNumbers].map(([state, numbers]) => [state, [...numbers.keys()]]));
  }

  schemaNumber(state: string, schema: string): number | undefined {
    return this.#schemaNumbers.get(state)?.get(schema);
  }

  get schemaCount(): number {
    return this.#schemas.length;
  }

  get(state: string, key: string, now: number): StoredValue | undefined {
    const value = this.#states.get(state)?.get(key);
    return value === undefined || isExpired(value, now) ? undefined : value;
  }

  list(state: string, prefix: string, after: string | undefined, limit: number, now: number): StoredEntry[] {
    const keys: string[] = [];
    for (const [key, value] of this.#states.get(state) ?? [])
      if (key.startsWith(prefix) && (after === undefined || key > after) && !isExpired(value, now))
        keys.push(key);
    return keys
      .sort()
      .slice(0, limit)
      .flatMap((key) => {
        const value = this.get(state, key, now);
        return value === undefined ? [] : [{ key, value }];
      });
  }

  /** The distinct schemas of the state's values. */
  schemas(state: string): readonly string[] {
    return [...new Set([...(this.#states.get(state)?.values() ?? [])].map(({ schema }) => schema))];
  }

  /** Forgets what has expired. */
  sweep(now: number): void {
    for (const [state, entries] of this.#states)
      for (const [key, value] of entries) if (isExpired(value, now)) this.#remove(state, key);
  }

  /** The records of a log that says the same, as of now: later changes do not show in it. */
  snapshot(): Iterable<LogRecord> {
    const schemas = [...this.#schemas];
    const numbers = new Map([...this.#schemaNumbers].map(([state, byText]) => [state, new Map(byText)]));
    const states = [...this.#states].map(([state, entries]) => ({ state, entries: [...entries] }));
    return (function* () {
      for (const schema of schemas) yield { kind: 'schema', ...schema };
      for (const { state, entries } of states)
        for (const [key, { bytes: value, schema, expiresAt }] of entries) {
          const number = numbers.get(state)?.get(schema);
          if (number === undefined) throw new Error(`the schema of ${state} is not known`);
          yield { kind: 'set', schema: number, expiresAt, key, value };
        }
    })();
  }

  #remove(state: string, key: string): void {
    const entries = this.#states.get(state);
    const value = entries?.get(key);
    if (entries === undefined || value === undefined) return;
    entries.delete(key);
    this.#liveBytes -= entryBytes(key, value.bytes);
  }
}

export function entryBytes(key: string, value: Uint8Array): number {
  return ENTRY_OVERHEAD_BYTES + Buffer.byteLength(key) + value.length;
}

function isExpired({ expiresAt }: StoredValue, now: number): boolean {
  return expiresAt !== 0 && expiresAt <= now;
}
