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
  const format = code.format.decode;
  switch (layout.kind) {
    case 'null':
    case 'undefined':
      return layout.kind;
    case 'undefined-symbol':
      readOnlyPosition(to, code);
      return 'undefined';
    case 'boolean':
    case 'number':
    case 'bigint':
    case 'string':
    case 'bytes':
    case 'date':
      return format.read(to, layout.kind);
    case 'enum': {
      const values = code.constant(`[${layout.values.map(literal).join(', ')}]`);
      const symbol = to.declare(`${values}[${format.readPosition(to, layout.values.length)}]`);
      if (format.refusePosition !== undefined)
        to.line(`if (${symbol} === undefined) ${format.refusePosition}`);
      return symbol;
    }
    case 'array':
      return format.readArray(to, layout.itemBytes, () => decode(to, code, layout.items));
    case 'set':
      return decodeSet(to, code, layout.items, layout.itemBytes);
    case 'tuple':
      return decodeTuple(to, code, layout);
    case 'record':
      return decodeRecord(to, code, layout);
    case 'map':
      return decodeMap(to, code, layout);
    case 'union':
      return decodeUnion(to, code, layout);
    case 'tagged':
      readOnlyPosition(to, code);
      return decode(to, code, layout.value);
    case 'reference':
      return format.call(to, decoderOf(code, layout.name), 'depth + 1');
  }
}

function decoderOf(code: CodeModule, name: string): string {
  const definition = code.definition(name);
  return decoderFunction(code, definition, name, (body) => {
    if (code.isRecursive(name)) body.line('if (depth > MAX_NESTING) refuseNestedInput();');
    return decodeDefinition(body, code, definition);
  });
}

/** @param emit returns the name of the constant that is the value */
function decoderFunction(
  code: CodeModule,
  subject: object,
  about: string,
  emit: (body: Source) => string,
): string {
  const format = code.format.decode;
  return code.functionFor(format.role, subject, about, format.parameters, (body) => {
    format.begin(body);
    const value = emit(body);
    format.end(body);
    body.line(`return ${value};`);
  });
}

/** Of one. */
function readOnlyPosition(to: Source, code: CodeModule): void {
  const { readPosition, refusePosition } = code.format.decode;
  const position = readPosition(to, 1);
  to.line(refusePosition === undefined ? `${position};` : `if (${position} !== 0) ${refusePosition}`);
}

function decodeDefinition(to: Source, code: CodeModule, definition: DefinitionLayout): string {
  const decodeField = code.isRecursive(definition.name) ? decodeRecurring : decode;
  switch (definition.kind) {
    case 'alias':
      return decode(to, code, definition.value);
    case 'object':
      return decodeObject(to, code, definition.fields, definition.classId, decodeField);
    case 'error': {
      const error = code.format.decode.readErrorBase(to, definition.classId);
      decodeOnto(to, code, definition.fields, error, decodeField);
      return error;
    }
  }
}

/** As decode, for fields of definitions that recur: with few locals, since each takes stack for every level. */
function decodeRecurring(to: Source, code: CodeModule, layout: Layout): string {
  if (isLeaf(layout) || layout.kind === 'reference') return decode(to, code, layout);
  const name = decoderFunction(code, layout, layout.kind, (body) => decode(body, code, layout));
  return code.format.decode.call(to, name, 'depth');
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
  const object = to.declare(`{ ${[...prototype, ...required].join(', ')} }`);
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

function decodeSet(to: Source, code: CodeModule, items: Layout, itemBytes: number): string {
  const target = to.declare('new Set()');
  code.format.decode.readItems(to, itemBytes, () => to.line(`${target}.add(${decode(to, code, items)});`));
  return target;
}

function decodeTuple(to: Source, code: CodeModule, { items, rest }: TupleLayout): string {
  const target = to.declare(`[${items.map((item) => decode(to, code, item)).join(', ')}]`);
  if (rest !== undefined) {
    code.format.decode.readItems(to, rest.itemBytes, () =>
      to.line(`${target}.push(${decode(to, code, rest.items)});`),
    );
  }
  return target;
}

function decodeRecord(to: Source, code: CodeModule, layout: Layout & { readonly kind: 'record' }): string {
  const target = to.declare('{}');
  const format = code.format.decode;
  format.readItems(to, layout.entryBytes, () => {
    const key = format.read(to, 'string');
    const value = decode(to, code, layout.values);
    to.line(`if (${key} === "__proto__") define(${target}, ${key}, ${value});`);
    to.line(`else ${target}[${key}] = ${value};`);
  });
  return target;
}

function decodeMap(to: Source, code: CodeModule, layout: MapLayout): string {
  const target = to.declare('new Map()');
  code.format.decode.readItems(to, layout.entryBytes, () => {
    const key = decode(to, code, layout.keys);
    to.line(`${target}.set(${key}, ${decode(to, code, layout.values)});`);
  });
  return target;
}

function decodeUnion(to: Source, code: CodeModule, { branches }: UnionLayout): string {
  const target = to.fresh('value');
  to.line(`let ${target};`);
  const { readPosition, refusePosition } = code.format.decode;
  to.block(`switch (${readPosition(to, branches.length)}) {`, () => {
    branches.forEach(({ layout }, index) => {
      to.block(`case ${index}: {`, () => {
        to.line(`${target} = ${decode(to, code, layout)};`);
        to.line('break;');
      });
    });
    if (refusePosition !== undefined) to.line(`default: ${refusePosition}`);
  });
  return target;
}
