import avro from 'avsc';

/**
 * Values of an Avro schema as JSON. It is Avro's JSON encoding, where that says enough: a record is an object, a map too, an enum
 * its symbol, a union of several types `{ "<type>": value }`. Else: an optional value is itself, or absent; a bigint is its
 * digits as a string, a timestamp ISO 8601, bytes are base64, and NaN, infinities and -0 are strings.
 */
export interface ValueJson {
  toJson(bytes: Uint8Array): unknown;
  /** Bytes of another schema, whose values `convert` makes of this one's. */
  convert(bytes: Uint8Array, to: ValueJson, convert: (value: unknown) => unknown): Buffer;
  /** Throws a ValueMismatch. */
  toBytes(json: unknown): Buffer;
  /** Of a value as avsc has it. */
  encode(value: unknown): Buffer;
}

/** What is given is no value of the schema. */
export class ValueMismatch extends Error {
  override readonly name = 'ValueMismatch';

  constructor(path: string, expected: string, given: unknown) {
    super(`${path === '' ? 'the value' : `\`${path}\``} must be ${expected}, not ${inWords(given)}`);
  }
}

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
  /** In TypeScript, where Avro cannot have it. */
  readonly originalName?: string;
}

/** @param schema as JSON */
export function valueJson(schema: string): ValueJson {
  const parsed = JSON.parse(schema) as Schema;
  const type = avro.Type.forSchema(JSON.parse(schema) as avro.Schema, {
    wrapUnions: 'always',
    omitRecordMethods: true,
  });
  const values = new SchemaValues(parsed);
  const decode = (bytes: Uint8Array): unknown =>
    type.fromBuffer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return {
    toJson: (bytes) => values.toJson(parsed, decode(bytes)),
    convert: (bytes, to, convert) => to.encode(convert(decode(bytes))),
    encode: (value) => type.toBuffer(value),
    toBytes: (json) => type.toBuffer(values.fromJson(parsed, json, '')),
  };
}

/** Between JSON and the values of avsc, by a schema's types. */
class SchemaValues {
  readonly #named = new Map<string, Type>();

  constructor(schema: Schema) {
    this.#collect(schema);
  }

  toJson(schema: Schema, value: unknown): unknown {
    if (isUnion(schema)) return this.#unionToJson(schema, value);
    const type = this.#typeOf(schema);
    switch (type.type) {
      case 'double':
        return isPlainNumber(value as number) ? value : Object.is(value, -0) ? '-0' : String(value);
      case 'bytes':
        return type.logicalType === 'bigint'
          ? bigintOf(value as Buffer).toString()
          : (value as Buffer).toString('base64');
      case 'long':
        return type.logicalType === 'timestamp-millis' ? new Date(value as number).toISOString() : value;
      case 'array':
        return (value as readonly unknown[]).map((item) => this.toJson(type.items ?? 'null', item));
      case 'map':
        return this.#mapped(value, (item) => this.toJson(type.values ?? 'null', item));
      case 'record': {
        const fields = (type.fields ?? []).map((field): [string, unknown] => [
          nameOf(field),
          this.toJson(field.type, (value as Record<string, unknown>)[field.name]),
        ]);
        const shown = fields.filter(
          ([, json], index) => json !== null || type.fields?.[index]?.default !== null,
        );
        return Object.fromEntries(shown);
      }
      default:
        return value;
    }
  }

  fromJson(schema: Schema, json: unknown, path: string): unknown {
    if (isUnion(schema)) return this.#unionFromJson(schema, json, path);
    const type = this.#typeOf(schema);
    switch (type.type) {
      case 'null':
        return expect(json === null, path, 'null', json, null);
      case 'boolean':
        return expect(typeof json === 'boolean', path, 'a boolean', json);
      case 'string':
        return expect(typeof json === 'string', path, 'a string', json);
      case 'double': {
        const number = typeof json === 'string' && UNPLAIN.includes(json) ? Number(json) : json;
        return expect(typeof number === 'number', path, 'a number', json, number);
      }
      case 'long':
        return longOf(type, json, path);
      case 'bytes':
        return bytesOf(type, json, path);
      case 'enum': {
        const isSymbol = typeof json === 'string' && type.symbols?.includes(json) === true;
        return expect(isSymbol, path, `one of ${type.symbols?.join(', ')}`, json);
      }
      case 'array':
        if (!Array.isArray(json)) throw new ValueMismatch(path, 'an array', json);
        return json.map((item, index) => this.fromJson(type.items ?? 'null', item, `${path}[${index}]`));
      case 'map':
        if (!isObject(json)) throw new ValueMismatch(path, 'an object', json);
        return this.#mapped(json, (item, key) =>
          this.fromJson(type.values ?? 'null', item, below(path, key)),
        );
      case 'record':
        return this.#recordFromJson(type, json, path);
      default:
        throw new Error(`a type that is no Avro type: ${String(type.type)}`);
    }
  }

  #recordFromJson(type: Type, json: unknown, path: string): unknown {
    if (!isObject(json)) throw new ValueMismatch(path, 'an object', json);
    const fields = type.fields ?? [];
    const unknown = Object.keys(json).find((key) => !fields.some((field) => nameOf(field) === key));
    if (unknown !== undefined) {
      const known = fields.map(nameOf).join(', ');
      throw new ValueMismatch(below(path, unknown), `absent: the fields are ${known}`, json[unknown]);
    }
    return Object.fromEntries(
      fields.map((field) => {
        const given = Object.hasOwn(json, nameOf(field)) ? json[nameOf(field)] : field.default;
        return [field.name, this.fromJson(field.type, given, below(path, nameOf(field)))];
      }),
    );
  }

  #unionToJson(schema: readonly Schema[], value: unknown): unknown {
    if (value === null) return null;
    const [name = '', inner] = Object.entries(value as object)[0] ?? [];
    const branch = schema.find((each) => branchName(this.#typeOf(each)) === name);
    if (branch === undefined) throw new Error(`a value of ${name}, which its schema does not have`);
    const json = this.toJson(branch, inner);
    return this.#only(schema) === undefined ? { [name]: json } : json;
  }

  #unionFromJson(schema: readonly Schema[], json: unknown, path: string): unknown {
    const names = schema.map((each) => branchName(this.#typeOf(each)));
    if (json === null && names.includes('null')) return null;
    const only = this.#only(schema);
    if (only !== undefined) return { [branchName(this.#typeOf(only))]: this.fromJson(only, json, path) };
    const [entry, ...more] = isObject(json) ? Object.entries(json) : [];
    const branch = schema.find((each) => entry?.[0] === branchName(this.#typeOf(each)));
    if (entry === undefined || more.length > 0 || branch === undefined)
      throw new ValueMismatch(
        path,
        names.map((name) => (name === 'null' ? name : `{"${name}": …}`)).join(' or '),
        json,
      );
    return { [entry[0]]: this.fromJson(branch, entry[1], path) };
  }

  /** The type that a value has which is not null, if there is but one. */
  #only(schema: readonly Schema[]): Schema | undefined {
    const types = schema.filter((each) => this.#typeOf(each).type !== 'null');
    return types.length === 1 ? types[0] : undefined;
  }

  #mapped(value: unknown, convert: (item: unknown, key: string) => unknown): unknown {
    return Object.fromEntries(
      Object.entries(value as object).map(([key, item]) => [key, convert(item, key)]),
    );
  }

  #typeOf(schema: Schema): Type {
    if (typeof schema === 'string') return this.#named.get(schema) ?? { type: schema };
    if (isUnion(schema)) throw new Error('a union directly within a union');
    return schema;
  }

  #collect(schema: Schema): void {
    if (typeof schema === 'string') return;
    if (isUnion(schema)) {
      for (const branch of schema) this.#collect(branch);
      return;
    }
    if (schema.name !== undefined) this.#named.set(schema.name, schema);
    for (const field of schema.fields ?? []) this.#collect(field.type);
    for (const inner of [schema.items, schema.values]) if (inner !== undefined) this.#collect(inner);
  }
}

const UNPLAIN = ['NaN', 'Infinity', '-Infinity', '-0'];
const MAX_TIME = 8.64e15;

function expect(
  isRight: boolean,
  path: string,
  expected: string,
  json: unknown,
  value: unknown = json,
): unknown {
  if (!isRight) throw new ValueMismatch(path, expected, json);
  return value;
}

function longOf({ logicalType }: Type, json: unknown, path: string): unknown {
  if (logicalType !== 'timestamp-millis')
    return expect(Number.isSafeInteger(json), path, 'a whole number', json);
  const time = typeof json === 'string' ? Date.parse(json) : Number.NaN;
  return expect(Math.abs(time) <= MAX_TIME, path, 'a time such as "2026-01-31T12:00:00.000Z"', json, time);
}

function bytesOf({ logicalType }: Type, json: unknown, path: string): unknown {
  if (logicalType === 'bigint') {
    const isBigint = typeof json === 'string' && /^-?\d+$/.test(json);
    return expect(
      isBigint,
      path,
      'a bigint as a string such as "12"',
      json,
      isBigint ? bytesOfBigint(BigInt(json)) : json,
    );
  }
  const bytes = typeof json === 'string' ? Buffer.from(json, 'base64') : undefined;
  return expect(bytes?.toString('base64') === json, path, 'bytes as base64', json, bytes);
}

/** Two's complement, big-endian. */
function bigintOf(bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
}

function bytesOfBigint(value: bigint): Buffer {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length++;
  return Buffer.from(
    BigInt.asUintN(length * 8, value)
      .toString(16)
      .padStart(length * 2, '0'),
    'hex',
  );
}

function isPlainNumber(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0);
}

function isUnion(schema: Schema): schema is readonly Schema[] {
  return Array.isArray(schema);
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function branchName({ type, name }: Type): string {
  return name ?? String(type);
}

function nameOf({ name, originalName }: Field): string {
  return originalName ?? name;
}

function below(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function inWords(json: unknown): string {
  const text = json === undefined ? 'absent' : JSON.stringify(json);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
