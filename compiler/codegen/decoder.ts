import type { CodeModule } from './code-module.js';
import {
  type DefinitionLayout,
  type FieldLayout,
  isLeaf,
  type Layout,
  type MapLayout,
  type TupleLayout,
  type UnionLayout,
} from './layout.js';
import { literal, propertyKey, quote, type Source } from './source.js';

/**
 * Statements that read a value from `reader` and declare it as a constant. In scope: `reader`, and `depth`, the
 * references above.
 * @returns the constant's name
 */
export function decode(to: Source, code: CodeModule, layout: Layout): string {
  switch (layout.kind) {
    case 'null':
    case 'undefined':
      return layout.kind;
    case 'undefined-symbol':
      to.line('reader.readIndex(1);');
      return 'undefined';
    case 'boolean':
    case 'number':
    case 'bigint':
    case 'string':
    case 'bytes':
    case 'date':
      return declare(to, `reader.${READS[layout.kind]}()`);
    case 'enum': {
      const values = code.constant(`[${layout.values.map(literal).join(', ')}]`);
      return declare(to, `${values}[reader.readIndex(${layout.values.length})]`);
    }
    case 'array':
      return decodeItems(
        to,
        code,
        layout.items,
        layout.itemBytes,
        '[]',
        (target, item) => `${target}.push(${item})`,
      );
    case 'set':
      return decodeItems(
        to,
        code,
        layout.items,
        layout.itemBytes,
        'new Set()',
        (target, item) => `${target}.add(${item})`,
      );
    case 'tuple':
      return decodeTuple(to, code, layout);
    case 'record':
      return decodeRecord(to, code, layout);
    case 'map':
      return decodeMap(to, code, layout);
    case 'union':
      return decodeUnion(to, code, layout);
    case 'tagged':
      to.line('reader.readIndex(1);');
      return decode(to, code, layout.value);
    case 'reference':
      return declare(to, `${decoderOf(code, layout.name)}(reader, depth + 1)`);
  }
}

const READS = {
  boolean: 'readBoolean',
  number: 'readDouble',
  bigint: 'readBigint',
  string: 'readString',
  bytes: 'readBytes',
  date: 'readDate',
} as const;

function declare(to: Source, expression: string): string {
  const name = to.fresh('value');
  to.line(`const ${name} = ${expression};`);
  return name;
}

function decoderOf(code: CodeModule, name: string): string {
  const definition = code.definition(name);
  return code.functionFor('decode', definition, name, 'reader, depth', (body) => {
    if (code.isRecursive(name)) body.line('if (depth > MAX_NESTING) refuseNestedInput();');
    body.line(`return ${decodeDefinition(body, code, definition)};`);
  });
}

function decodeDefinition(to: Source, code: CodeModule, definition: DefinitionLayout): string {
  const decodeField = code.isRecursive(definition.name) ? decodeRecurring : decode;
  switch (definition.kind) {
    case 'alias':
      return decode(to, code, definition.value);
    case 'object':
      return decodeObject(to, code, definition.fields, definition.classId, decodeField);
    case 'error': {
      const error = declare(to, `readErrorBase(reader, ${quote(definition.classId)})`);
      decodeOnto(to, code, definition.fields, error, decodeField);
      return error;
    }
  }
}

/** As decode, for fields of definitions that recur: with few locals, since each takes stack for every level. */
function decodeRecurring(to: Source, code: CodeModule, layout: Layout): string {
  if (isLeaf(layout) || layout.kind === 'reference') return decode(to, code, layout);
  const name = code.functionFor('decode', layout, layout.kind, 'reader, depth', (body) => {
    body.line(`return ${decode(body, code, layout)};`);
  });
  return declare(to, `${name}(reader, depth)`);
}

/** One literal of the required fields, so that all such objects have one hidden class; then those that are there. */
function decodeObject(
  to: Source,
  code: CodeModule,
  fields: readonly FieldLayout[],
  classId: string | undefined,
  decodeField: typeof decode,
): string {
  const read = fields.map((field) => ({ ...field, value: decodeField(to, code, field.layout) }));
  const prototype = classId === undefined ? [] : [`__proto__: prototypeOf(${quote(classId)})`];
  const required = read
    .filter((field) => !field.optional)
    .map(({ name, value }) => `${propertyKey(name)}: ${value}`);
  const object = declare(to, `{ ${[...prototype, ...required].join(', ')} }`);
  for (const { name, value } of read.filter((field) => field.optional)) {
    const isPlain = classId === undefined && name !== '__proto__';
    const assign = isPlain
      ? `${object}[${quote(name)}] = ${value};`
      : `define(${object}, ${quote(name)}, ${value});`;
    to.line(`if (${value} !== undefined) ${assign}`);
  }
  return object;
}

/** Reads the fields into an object that is there already. */
export function decodeOnto(
  to: Source,
  code: CodeModule,
  fields: readonly FieldLayout[],
  object: string,
  decodeField = decode,
): void {
  for (const { name, layout, optional } of fields) {
    const value = decodeField(to, code, layout);
    to.line(`${optional ? `if (${value} !== undefined) ` : ''}define(${object}, ${quote(name)}, ${value});`);
  }
}

/** The blocks of an Avro array or map. */
function decodeBlocks(to: Source, itemBytes: number, item: () => void): void {
  const count = to.fresh('count');
  const next = `reader.readBlockCount(${itemBytes})`;
  to.block(`for (let ${count} = ${next}; ${count} !== 0; ${count} = ${next}) {`, () => {
    to.block(`for (; ${count} > 0; ${count}--) {`, item);
  });
}

function decodeItems(
  to: Source,
  code: CodeModule,
  items: Layout,
  itemBytes: number,
  initial: string,
  add: (target: string, item: string) => string,
): string {
  const target = declare(to, initial);
  decodeBlocks(to, itemBytes, () => to.line(`${add(target, decode(to, code, items))};`));
  return target;
}

function decodeTuple(to: Source, code: CodeModule, { items, rest }: TupleLayout): string {
  const target = declare(to, `[${items.map((item) => decode(to, code, item)).join(', ')}]`);
  if (rest !== undefined) {
    decodeBlocks(to, rest.itemBytes, () => to.line(`${target}.push(${decode(to, code, rest.items)});`));
  }
  return target;
}

function decodeRecord(to: Source, code: CodeModule, layout: Layout & { readonly kind: 'record' }): string {
  const target = declare(to, '{}');
  decodeBlocks(to, layout.entryBytes, () => {
    const key = declare(to, 'reader.readString()');
    const value = decode(to, code, layout.values);
    to.line(`if (${key} === "__proto__") define(${target}, ${key}, ${value});`);
    to.line(`else ${target}[${key}] = ${value};`);
  });
  return target;
}

function decodeMap(to: Source, code: CodeModule, layout: MapLayout): string {
  const target = declare(to, 'new Map()');
  decodeBlocks(to, layout.entryBytes, () => {
    const key = decode(to, code, layout.keys);
    to.line(`${target}.set(${key}, ${decode(to, code, layout.values)});`);
  });
  return target;
}

function decodeUnion(to: Source, code: CodeModule, { branches }: UnionLayout): string {
  const target = to.fresh('value');
  to.line(`let ${target};`);
  to.block(`switch (reader.readIndex(${branches.length})) {`, () => {
    branches.forEach(({ layout }, index) => {
      to.block(`case ${index}: {`, () => {
        to.line(`${target} = ${decode(to, code, layout)};`);
        to.line('break;');
      });
    });
  });
  return target;
}
