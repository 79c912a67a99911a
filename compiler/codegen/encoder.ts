import type { CodeModule } from './code-module.js';
import { describeLayout } from './describe-layout.js';
import { encodeUnion } from './encode-union.js';
import {
  type DefinitionLayout,
  type FieldLayout,
  isLeaf,
  type Layout,
  type MapLayout,
  type TupleLayout,
} from './layout.js';
import {
  fieldOf,
  fieldPart,
  indexPart,
  literal,
  type Path,
  pathExpression,
  quote,
  type Source,
} from './source.js';

/**
 * Statements that check the value and write it to `writer`. In scope: `writer`, and `depth`, the references above.
 * @param value an identifier
 */
export function encode(to: Source, code: CodeModule, layout: Layout, value: string, path: Path): void {
  const format = code.format.encode;
  const check = (isRight: string): void => {
    to.line(`if (!(${isRight})) ${refuse(layout, value, path)}`);
  };
  switch (layout.kind) {
    case 'null':
      return check(`${value} === null`);
    case 'undefined':
      return check(`${value} === undefined`);
    case 'undefined-symbol':
      check(`${value} === undefined`);
      return writePosition(to, code, 0, 1);
    case 'boolean':
    case 'number':
    case 'string':
    case 'bigint': {
      check(`typeof ${value} === ${quote(layout.kind)}`);
      return format.write(to, layout.kind, value);
    }
    case 'bytes':
      check(`${value} instanceof Uint8Array`);
      return format.write(to, 'bytes', value);
    case 'date':
      check(`${value} instanceof Date && !Number.isNaN(${value}.getTime())`);
      return format.write(to, 'date', value);
    case 'enum':
      format.roomForPosition(to);
      return to.block(`switch (${value}) {`, () => {
        layout.values.forEach((one, index) => {
          to.line(`case ${literal(one)}: ${format.position(index, layout.values.length)} break;`);
        });
        to.line(`default: ${refuse(layout, value, path)}`);
      });
    case 'array':
      check(`Array.isArray(${value})`);
      return encodeItems(to, code, layout.items, value, '0', path);
    case 'set':
      check(`${value} instanceof Set`);
      return encodeEntries(to, code, `${value}.size`, value, path, (item, index) => {
        encode(to, code, layout.items, item, [...path, indexPart(index)]);
      });
    case 'tuple':
      return encodeTuple(to, code, layout, value, path);
    case 'record':
      return encodeRecord(to, code, layout, value, path);
    case 'map':
      return encodeMap(to, code, layout, value, path);
    case 'union':
      return encodeUnion(to, code, layout, value, path);
    case 'tagged':
      writePosition(to, code, 0, 1);
      return encode(to, code, layout.value, value, path);
    case 'reference': {
      const name = encoderOf(code, layout.name);
      to.block('try {', () => format.call(to, name, value, 'depth + 1'));
      return to.line(`catch (thrown) { throw within(thrown, ${pathExpression(path)}); }`);
    }
  }
}

/** Statement that refuses the value. */
export function refuse(layout: Layout, value: string, path: Path): string {
  return `mismatch(${pathExpression(path)}, ${quote(describeLayout(layout))}, ${value});`;
}

/** Writes a position that is known now: of a branch or a symbol. */
export function writePosition(to: Source, code: CodeModule, position: number, count: number): void {
  const format = code.format.encode;
  format.roomForPosition(to);
  to.line(format.position(position, count));
}

/** The fields of a definition, each with its own part of the path. */
function encodeFields(to: Source, code: CodeModule, fields: readonly FieldLayout[], value: string): void {
  for (const field of fields) {
    const local = to.fresh('field');
    to.line(`const ${local} = ${fieldOf(value, field.name)};`);
    encode(to, code, field.layout, local, [fieldPart(field.name)]);
  }
}

/**
 * As encodeFields, for definitions that recur: with few locals, since an interpreted function takes stack for each of
 * them and for every level, whichever block they are in. Fields with parts get functions of their own.
 */
function encodeRecurringFields(to: Source, code: CodeModule, fields: readonly FieldLayout[]): void {
  to.line('let at, field;');
  to.block('try {', () => {
    for (const { name, layout } of fields) {
      to.line(`at = ${pathExpression([fieldPart(name)])};`);
      to.line(`field = ${fieldOf('value', name)};`);
      const { call } = code.format.encode;
      if (layout.kind === 'reference') call(to, encoderOf(code, layout.name), 'field', 'depth + 1');
      else if (isLeaf(layout)) encode(to, code, layout, 'field', []);
      else call(to, partEncoder(code, layout), 'field', 'depth');
    }
  });
  to.line('catch (thrown) { throw within(thrown, at); }');
}

function partEncoder(code: CodeModule, layout: Layout): string {
  return encoderFunction(code, layout, layout.kind, (body) => encode(body, code, layout, 'value', []));
}

function encoderFunction(
  code: CodeModule,
  subject: object,
  about: string,
  emit: (body: Source) => void,
): string {
  const format = code.format.encode;
  return code.functionFor(format.role, subject, about, format.parameters, (body) => {
    format.begin(body);
    emit(body);
    format.end(body);
  });
}

function encoderOf(code: CodeModule, name: string): string {
  const definition = code.definition(name);
  return encoderFunction(code, definition, name, (body) => {
    if (code.isRecursive(name)) body.line('if (depth > MAX_NESTING) refuseNesting();');
    encodeDefinition(body, code, definition);
  });
}

function encodeDefinition(to: Source, code: CodeModule, definition: DefinitionLayout): void {
  const refusal = `mismatch("", ${quote(definition.name)}, value);`;
  const encodeAll = code.isRecursive(definition.name)
    ? (fields: readonly FieldLayout[]) => encodeRecurringFields(to, code, fields)
    : (fields: readonly FieldLayout[]) => encodeFields(to, code, fields, 'value');
  switch (definition.kind) {
    case 'alias':
      return encode(to, code, definition.value, 'value', []);
    case 'object':
      to.line(`if (typeof value !== "object" || value === null || Array.isArray(value)) ${refusal}`);
      return encodeAll(definition.fields);
    case 'error':
      to.line(`if (!(value instanceof Error)) ${refusal}`);
      code.format.encode.writeErrorBase(to, 'value');
      return encodeAll(definition.fields);
  }
}

/** The items from `from` on. */
function encodeItems(
  to: Source,
  code: CodeModule,
  items: Layout,
  array: string,
  from: string,
  path: Path,
): void {
  const [end, index, item] = [to.fresh('end'), to.fresh('i'), to.fresh('item')];
  const format = code.format.encode;
  to.line(`const ${end} = ${array}.length;`);
  if (format.countsNothing) format.writeCount(to, itemsFrom(from, end));
  to.block(`if (${end} > ${from}) {`, () => {
    if (!format.countsNothing) format.writeCount(to, itemsFrom(from, end));
    to.loop(`for (let ${index} = ${from}; ${index} < ${end}; ${index}++) {`, () => {
      to.line(`const ${item} = ${array}[${index}];`);
      encode(to, code, items, item, [...path, indexPart(index)]);
    });
  });
  format.endItems(to);
}

/** What an iterable gives; `size` is their number. */
function encodeEntries(
  to: Source,
  code: CodeModule,
  size: string,
  iterable: string,
  path: Path,
  entry: (item: string, index: string) => void,
): void {
  const [count, index, item] = [to.fresh('size'), to.fresh('i'), to.fresh('item')];
  const format = code.format.encode;
  to.line(`const ${count} = ${size};`);
  to.line(`let ${index} = 0;`);
  if (format.countsNothing) format.writeCount(to, count);
  else to.block(`if (${count} !== 0) {`, () => format.writeCount(to, count));
  to.loop(`for (const ${item} of ${iterable}) {`, () => {
    entry(item, index);
    to.line(`${index}++;`);
  });
  // A getter or an iterator of the app could change the collection under the loop.
  const refusal = `mismatch(${pathExpression(path)}, "a collection that does not change", ${iterable});`;
  to.line(`if (${index} !== ${count}) ${refusal}`);
  format.endItems(to);
}

/** An expression; of arrays that are too short it says 0. */
function itemsFrom(from: string, end: string): string {
  return from === '0' ? end : `Math.max(0, ${end} - ${from})`;
}

function encodeTuple(to: Source, code: CodeModule, layout: TupleLayout, value: string, path: Path): void {
  const { items, rest } = layout;
  const fits = rest === undefined ? ` && ${value}.length <= ${items.length}` : '';
  to.line(`if (!(Array.isArray(${value})${fits})) ${refuse(layout, value, path)}`);
  items.forEach((item, index) => {
    const local = to.fresh('item');
    to.line(`const ${local} = ${value}[${index}];`);
    encode(to, code, item, local, [...path, { text: `[${index}]` }]);
  });
  if (rest !== undefined) encodeItems(to, code, rest.items, value, String(items.length), path);
}

function encodeRecord(
  to: Source,
  code: CodeModule,
  layout: Layout & { readonly kind: 'record' },
  value: string,
  path: Path,
): void {
  const [keys, local] = [to.fresh('keys'), to.fresh('value')];
  to.line(`const ${keys} = recordKeys(${value});`);
  to.line(`if (${keys} === undefined) ${refuse(layout, value, path)}`);
  encodeEntries(to, code, `${keys}.length`, keys, path, (key) => {
    code.format.encode.write(to, 'string', key);
    to.line(`const ${local} = ${value}[${key}];`);
    encode(to, code, layout.values, local, [...path, { expression: `keySegment(${key})` }]);
  });
}

function encodeMap(to: Source, code: CodeModule, layout: MapLayout, value: string, path: Path): void {
  const [key, local] = [to.fresh('key'), to.fresh('value')];
  to.line(`if (!(${value} instanceof Map)) ${refuse(layout, value, path)}`);
  encodeEntries(to, code, `${value}.size`, value, path, (entry, index) => {
    to.line(`const ${key} = ${entry}[0];`);
    encode(to, code, layout.keys, key, [...path, { text: '.keys()' }, indexPart(index)]);
    to.line(`const ${local} = ${entry}[1];`);
    encode(to, code, layout.values, local, [...path, { expression: `keySegment(${key})` }]);
  });
}
