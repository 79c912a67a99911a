import { deserialize, serialize } from 'node:v8';
import type { CompiledMethod } from '../codec/compiled.js';
import { Reader } from '../codec/reader.js';
import { MessageTooLarge, TypeViolation } from '../codec/violations.js';
import { Writer } from '../codec/writer.js';
import { MAX_VALUE_BYTES } from './state.js';
import { StateError } from './state-error.js';

/** The bytes of one state's values. */
export interface ValueCodec {
  /** As text: what is stored with the values. */
  readonly schema: string;
  /** `about` names the value in errors. Throws a StateError: VALUE_INVALID with the path of what is wrong, VALUE_TOO_LARGE. */
  encode(value: unknown, about: string): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

/** The schema of values that a program stored that was not built. */
export const UNBUILT_SCHEMA = '"unbuilt"';

function tooLarge(about: string): StateError {
  return new StateError(
    'VALUE_TOO_LARGE',
    `${about} is larger than ${MAX_VALUE_BYTES} bytes; split it over several keys`,
  );
}

/** Standard Avro binary, by the codec that the build made of the state's type. */
export function compiledCodec(compiled: CompiledMethod, schema: string): ValueCodec {
  const writer = new Writer(MAX_VALUE_BYTES);
  return {
    schema,
    encode(value, about) {
      writer.reset();
      try {
        compiled.encodeResult(writer, value);
      } catch (reason) {
        if (reason instanceof MessageTooLarge) throw tooLarge(about);
        if (reason instanceof TypeViolation)
          throw new StateError('VALUE_INVALID', `${about}: ${reason.message}`, { cause: reason });
        throw reason;
      }
      return Buffer.from(writer.bytes.subarray(0, writer.position));
    },
    decode: (bytes) => compiled.decodeResult(new Reader(asBuffer(bytes))),
  };
}

/** For a program that runs without a build: what Node's structured clone can hold. Instances of classes need the build. */
export const unbuiltCodec: ValueCodec = {
  schema: UNBUILT_SCHEMA,
  encode(value, about) {
    refuseInstances(value, about, new Set());
    const bytes = serialize(value);
    if (bytes.length > MAX_VALUE_BYTES) throw tooLarge(about);
    return bytes;
  },
  decode: (bytes) => deserialize(bytes),
};

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const PLAIN: readonly unknown[] = [
  Object.prototype,
  null,
  Array.prototype,
  Map.prototype,
  Set.prototype,
  Date.prototype,
  Uint8Array.prototype,
  Buffer.prototype,
];

/** What would come back as something else, or not at all. */
function refuseInstances(value: unknown, path: string, above: ReadonlySet<object>): void {
  const refuse = (what: string): never => {
    throw new StateError('VALUE_INVALID', `${path} is ${what}, which cannot be stored`);
  };
  if (typeof value === 'function') refuse('a function');
  if (typeof value === 'symbol') refuse('a symbol');
  if (typeof value !== 'object' || value === null) return;
  if (above.has(value)) refuse('part of a cycle');
  if (!PLAIN.includes(Object.getPrototypeOf(value)))
    refuse(`an instance of ${value.constructor.name} in a program that was not built`);
  const below = new Set(above).add(value);
  if (value instanceof Uint8Array || value instanceof Date) return;
  if (value instanceof Map)
    for (const [key, item] of value) {
      refuseInstances(key, `${path} key`, below);
      refuseInstances(item, `${path}[${String(key)}]`, below);
    }
  else if (value instanceof Set) for (const item of value) refuseInstances(item, `${path} item`, below);
  else for (const [key, item] of Object.entries(value)) refuseInstances(item, `${path}.${key}`, below);
}
