// No tests: apps of one method, compiled and called as the runtime does.
import { deepStrictEqual } from 'node:assert';
import { expect } from 'chai';
import type { CompiledApp, CompiledMethod } from '../../sdk/codec/compiled.js';
import * as runtime from '../../sdk/codec/index.js';
import { Reader } from '../../sdk/codec/reader.js';
import type {
  AppShape,
  Definition,
  Field,
  MethodShape,
  ParameterShape,
  Shape,
} from '../../sdk/codec/shape.js';
import { Writer } from '../../sdk/codec/writer.js';
import { generateCompiledApp } from './generate.js';

export function evaluate(source: string): CompiledApp {
  return new Function('runtime', `return ${source}`)(runtime) as CompiledApp;
}

export function appOf(
  method: Partial<MethodShape>,
  definitions: Readonly<Record<string, Definition>> = {},
): AppShape {
  const errors = Object.entries(definitions).filter(([, definition]) => definition.kind === 'error');
  return {
    components: [
      {
        name: 'Cart',
        methods: [
          { name: 'addItem', parameters: [], result: { kind: 'undefined' }, streaming: false, ...method },
        ],
      },
    ],
    definitions: new Map(Object.entries(definitions)),
    errors: errors.map(([name]) => name),
  };
}

export function compileMethod(app: AppShape, format: 'wire' | 'avro' = 'wire'): CompiledMethod {
  const method = evaluate(generateCompiledApp(app, format)).components[0]?.methods[0];
  if (method === undefined) throw new Error('the app has no method');
  return method;
}

/** The codec of one shape, as that of a result, in both formats, which agree on every value. The bytes are Avro. */
export function codecOf(result: Shape, definitions: Readonly<Record<string, Definition>> = {}) {
  const avro = compileMethod(appOf({ result }, definitions), 'avro');
  const wire = compileMethod(appOf({ result }, definitions), 'wire');
  const encode = (value: unknown): Buffer => {
    const thrown = thrownBy(() => written((writer) => wire.encodeResult(writer, value)));
    const bytes = thrownBy(() => written((writer) => avro.encodeResult(writer, value)));
    expect(String(thrown.error)).to.equal(String(bytes.error));
    if (bytes.value === undefined) throw bytes.error;
    return bytes.value;
  };
  const roundTrip = (value: unknown): unknown => {
    const arrived = avro.decodeResult(new Reader(encode(value)));
    const reader = new Reader(written((writer) => wire.encodeResult(writer, value)));
    deepStrictEqual(wire.decodeResult(reader), arrived);
    reader.finish();
    return arrived;
  };
  return { encode, decode: (bytes: Buffer): unknown => avro.decodeResult(new Reader(bytes)), roundTrip };
}

function thrownBy<T>(act: () => T): { readonly value?: T; readonly error?: unknown } {
  try {
    return { value: act() };
  } catch (error) {
    return { error };
  }
}

export function written(write: (writer: Writer) => void): Buffer {
  const writer = new Writer();
  write(writer);
  return Buffer.from(writer.bytes.subarray(0, writer.position));
}

export function field(name: string, shape: Shape, optional = false): Field {
  return { name, shape, optional };
}

export function object(fields: readonly Field[], classId?: string): Definition {
  return classId === undefined ? { kind: 'object', fields } : { kind: 'object', fields, classId };
}

export function parameter(name: string, shape: Shape, kind?: 'optional' | 'rest'): ParameterShape {
  return { name, shape, optional: kind === 'optional', rest: kind === 'rest' };
}

export function union(...branches: Shape[]): Shape {
  return { kind: 'union', branches };
}

export function reference(name: string): Shape {
  return { kind: 'reference', name };
}

export function literals(...values: (string | number | boolean)[]): Shape {
  return { kind: 'literal', values };
}

export const NULL: Shape = { kind: 'null' };
export const UNDEFINED: Shape = { kind: 'undefined' };
export const BOOLEAN: Shape = { kind: 'boolean' };
export const NUMBER: Shape = { kind: 'number' };
export const STRING: Shape = { kind: 'string' };
