// No tests: apps of one method, compiled and called as the runtime does.
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

export function compileMethod(app: AppShape): CompiledMethod {
  const method = evaluate(generateCompiledApp(app)).components[0]?.methods[0];
  if (method === undefined) throw new Error('the app has no method');
  return method;
}

/** A codec of one shape, as that of a result. */
export function codecOf(result: Shape, definitions: Readonly<Record<string, Definition>> = {}) {
  const method = compileMethod(appOf({ result }, definitions));
  const encode = (value: unknown): Buffer => written((writer) => method.encodeResult(writer, value));
  const decode = (bytes: Buffer): unknown => method.decodeResult(new Reader(bytes));
  return { encode, decode, roundTrip: (value: unknown): unknown => decode(encode(value)) };
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
