/**
 * Whether values of one Avro schema can be read as another, and how: the specification's "Schema Resolution", without its
 * promotions, since `bytes` that hold a bigint are no text. Fields that only the writer knows are skipped; those that only the
 * reader knows are null, if they may be.
 */
export type Resolution =
  | { readonly kind: 'resolved'; readonly convert: Convert }
  /** `path` is the first part that does not fit, empty for the whole value; `problem` goes on after it. */
  | { readonly kind: 'incompatible'; readonly path: string; readonly problem: string };

/** Of values as avsc has them, unions wrapped: `null` or `{ [branch]: value }`. */
export type Convert = (value: unknown) => unknown;

type Schema = string | readonly Schema[] | Type;
interface Type {
  readonly type: Schema;
  readonly name?: string;
  readonly logicalType?: string;
  readonly fields?: readonly Field[];
  readonly symbols?: readonly string[];
  readonly items?: Schema;
  readonly values?: Schema;
}
interface Field {
  readonly name: string;
  readonly type: Schema;
  readonly default?: unknown;
  readonly originalName?: string;
}

class Incompatible extends Error {
  constructor(
    readonly path: string,
    readonly problem: string,
  ) {
    super(`${path} ${problem}`);
  }
}

/** @param from the schema that values were written in, as JSON; @param to the one they are to be read in */
export function resolveAvro(from: string, to: string): Resolution {
  const [writer, reader] = [JSON.parse(from) as Schema, JSON.parse(to) as Schema];
  try {
    return { kind: 'resolved', convert: new Resolver(writer, reader).resolve(writer, reader, '') };
  } catch (reason) {
    if (reason instanceof Incompatible)
      return { kind: 'incompatible', path: reason.path, problem: reason.problem };
    throw reason;
  }
}

class Resolver {
  readonly #written: ReadonlyMap<string, Type>;
  readonly #read: ReadonlyMap<string, Type>;
  /** Of the named types that were met, also of those that are being resolved: a type may contain itself. */
  readonly #met = new Map<string, { convert: Convert }>();

  constructor(writer: Schema, reader: Schema) {
    this.#written = namedTypes(writer);
    this.#read = namedTypes(reader);
  }

  /** Throws Incompatible. */
  resolve(from: Schema, to: Schema, path: string): Convert {
    if (isUnion(from)) return this.#fromUnion(from, to, path);
    const writer = typeOf(from, this.#written);
    if (isUnion(to)) return this.#toUnion(writer, to, path);
    const reader = typeOf(to, this.#read);
    if (branchName(writer) !== branchName(reader) || writer.logicalType !== reader.logicalType)
      throw new Incompatible(path, `was ${inWords(writer)} and is ${inWords(reader)}`);
    switch (reader.type) {
      case 'record':
        return this.#once(writer, reader, path);
      case 'enum':
        return symbols(writer, reader, path);
      case 'array': {
        const item = this.resolve(writer.items ?? 'null', reader.items ?? 'null', `${path}[]`);
        return (value) => (value as readonly unknown[]).map(item);
      }
      case 'map': {
        const item = this.resolve(writer.values ?? 'null', reader.values ?? 'null', `${path}[]`);
        return (value) =>
          Object.fromEntries(Object.entries(value as object).map(([key, each]) => [key, item(each)]));
      }
      default:
        return (value) => value;
    }
  }

  #fromUnion(from: readonly Schema[], to: Schema, path: string): Convert {
    const branches = new Map(
      from.map((branch) => [branchName(typeOf(branch, this.#written)), this.resolve(branch, to, path)]),
    );
    return (value) => {
      const [name, inner] =
        value === null ? ['null', null] : (Object.entries(value as object)[0] ?? ['', null]);
      const convert = branches.get(name);
      if (convert === undefined) throw new Error(`a value of ${name}, which its schema does not have`);
      return convert(inner);
    };
  }

  #toUnion(writer: Type, to: readonly Schema[], path: string): Convert {
    const name = branchName(writer);
    const branch = to.find((each) => {
      const type = typeOf(each, this.#read);
      return branchName(type) === name && type.logicalType === writer.logicalType;
    });
    if (branch === undefined) {
      const known = to.map((each) => inWords(typeOf(each, this.#read))).join(' | ');
      throw new Incompatible(path, `was ${inWords(writer)} and is ${known}`);
    }
    const convert = this.resolve(writer, branch, path);
    return name === 'null' ? () => null : (value) => ({ [name]: convert(value) });
  }

  #once(writer: Type, reader: Type, path: string): Convert {
    const name = branchName(reader);
    const met = this.#met.get(name);
    if (met !== undefined) return (value) => met.convert(value);
    const meeting = { convert: (value: unknown) => value };
    this.#met.set(name, meeting);
    meeting.convert = this.#record(writer, reader, path);
    return meeting.convert;
  }

  #record(writer: Type, reader: Type, path: string): Convert {
    const fields = (reader.fields ?? []).map((field) => {
      const place = `${path}${path === '' ? '' : '.'}${field.originalName ?? field.name}`;
      const written = writer.fields?.find(({ name }) => name === field.name);
      if (written !== undefined)
        return { name: field.name, convert: this.resolve(written.type, field.type, place) };
      if (field.default !== null) throw new Incompatible(place, 'is not optional, and was not stored');
      return { name: field.name, convert: () => null };
    });
    return (value) =>
      Object.fromEntries(
        fields.map(({ name, convert }) => [name, convert((value as Record<string, unknown>)[name])]),
      );
  }
}

function symbols(writer: Type, reader: Type, path: string): Convert {
  const unknown = (writer.symbols ?? []).filter((symbol) => reader.symbols?.includes(symbol) !== true);
  if (unknown.length > 0)
    throw new Incompatible(path, `may be ${unknown.join(' or ')}, which is not known to the reader`);
  return (value) => value;
}

function isUnion(schema: Schema): schema is readonly Schema[] {
  return Array.isArray(schema);
}

/** What a name stands for; a primitive type as an object, too. */
function typeOf(schema: Schema, named: ReadonlyMap<string, Type>): Type {
  if (typeof schema === 'string') return named.get(schema) ?? { type: schema };
  if (isUnion(schema)) throw new Error('a union directly within a union');
  return typeof schema.type === 'string' && schema.name === undefined && named.has(schema.type)
    ? typeOf(schema.type, named)
    : schema;
}

/** The name of the type as a branch of a union; equal names are what types need to be the same. */
function branchName({ type, name }: Type): string {
  return name ?? String(type);
}

function namedTypes(schema: Schema, found = new Map<string, Type>()): ReadonlyMap<string, Type> {
  if (typeof schema === 'string') return found;
  if (isUnion(schema)) {
    for (const branch of schema) namedTypes(branch, found);
    return found;
  }
  if (schema.name !== undefined) found.set(schema.name, schema);
  for (const field of schema.fields ?? []) namedTypes(field.type, found);
  for (const inner of [schema.items, schema.values]) if (inner !== undefined) namedTypes(inner, found);
  return found;
}

const WORDS: Readonly<Record<string, string>> = {
  double: 'number',
  bytes: 'Uint8Array',
  bigint: 'bigint',
  'timestamp-millis': 'Date',
  array: 'an array or Set',
  map: 'a Record or Map',
};

function inWords(type: Type): string {
  const name = type.logicalType ?? branchName(type);
  return WORDS[name] ?? name;
}
