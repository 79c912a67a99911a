import { boundClass, type CompiledError } from '../codec/compiled.js';
import { Reader } from '../codec/reader.js';
import { MalformedInput } from '../codec/violations.js';
import { Writer } from '../codec/writer.js';
import { type Executed, RemoteCallError, type RemoteCallErrorCode } from './remote-call-error.js';

/**
 * How what a component threw travels. An error of a class that the build knows comes back as that class with its declared
 * fields; a built-in one as itself; any other as an Error of the same name with its own JSON-able fields. Message, stack,
 * `cause` and the `errors` of an AggregateError always travel. A thrown value that is no error travels as JSON.
 */
export class ThrownCodec {
  readonly #byId: ReadonlyMap<string, CompiledError>;

  constructor(errors: readonly CompiledError[]) {
    this.#byId = new Map(errors.map((error) => [error.classId, error]));
  }

  encode(writer: Writer, thrown: unknown): void {
    this.#encode(writer, thrown, 0);
  }

  /** Throws MalformedInput. */
  decode(reader: Reader): unknown {
    return this.#decode(reader, 0);
  }

  #encode(writer: Writer, thrown: unknown, depth: number): void {
    if (!(thrown instanceof Error)) {
      writer.writeUint8(Kind.value);
      writer.writeString(json(thrown));
      return;
    }
    if (thrown instanceof RemoteCallError) {
      writer.writeUint8(Kind.remoteCallError);
      writer.writeString(
        json({
          code: thrown.code,
          component: thrown.component,
          method: thrown.method,
          replica: thrown.replica,
          executed: thrown.executed,
        }),
      );
    } else {
      this.#encodeClass(writer, thrown);
    }
    writer.writeString(clipped(String(thrown.message)));
    writer.writeString(clipped(String(thrown.stack ?? '')));
    const related = depth < MAX_DEPTH ? relatedErrors(thrown) : [];
    writer.writeUint8(related.length);
    for (const [role, error] of related) {
      writer.writeUint8(role);
      this.#encode(writer, error, depth + 1);
    }
  }

  #encodeClass(writer: Writer, error: Error): void {
    const compiled = this.#compiledFor(error);
    if (compiled === undefined) {
      writer.writeUint8(Kind.other);
      writer.writeString(String(error.name));
      writer.writeString(json(ownFields(error)));
      return;
    }
    const fields = new Writer();
    compiled.encodeFields(fields, error);
    writer.writeUint8(Kind.declared);
    writer.writeString(compiled.classId);
    writer.writeBytes(fields.bytes.subarray(0, fields.position));
  }

  /** By the nearest declared class in the prototype chain: a subclass made on the fly arrives as its declared parent. */
  #compiledFor(error: Error): CompiledError | undefined {
    let prototype: unknown = Object.getPrototypeOf(error);
    while (typeof prototype === 'object' && prototype !== null && prototype !== Error.prototype) {
      for (const compiled of this.#byId.values()) {
        if (boundClass(compiled.classId)?.prototype === prototype) return compiled;
      }
      prototype = Object.getPrototypeOf(prototype);
    }
    return undefined;
  }

  #decode(reader: Reader, depth: number): unknown {
    if (depth > MAX_DEPTH) throw new MalformedInput('errors are nested too deeply');
    const kind = reader.readUint8();
    switch (kind) {
      case Kind.value:
        return parsed(reader.readString());
      case Kind.remoteCallError: {
        const fields = parsed(reader.readString());
        const { message, stack, related } = this.#common(reader, depth);
        return withStack(remoteCallError(fields, message, related.get(Role.cause)), stack);
      }
      case Kind.declared: {
        const classId = reader.readString();
        const fields = reader.readBytes();
        const { message, stack, related } = this.#common(reader, depth);
        return this.#declared(classId, Buffer.from(fields), message, stack, related);
      }
      case Kind.other: {
        const name = reader.readString();
        const fields = parsed(reader.readString());
        const { message, stack, related } = this.#common(reader, depth);
        return withFields(relate(withStack(otherError(name, message), stack), related), fields);
      }
      default:
        throw new MalformedInput(`a thrown value is of kind ${kind}`);
    }
  }

  #common(reader: Reader, depth: number) {
    const message = reader.readString();
    const stack = reader.readString();
    const related = new Map<number, unknown>();
    const aggregated: unknown[] = [];
    for (let count = reader.readUint8(); count > 0; count--) {
      const role = reader.readUint8();
      const error = this.#decode(reader, depth + 1);
      if (role === Role.aggregated) aggregated.push(error);
      else related.set(role, error);
    }
    if (aggregated.length > 0) related.set(Role.aggregated, aggregated);
    return { message, stack, related };
  }

  #declared(
    classId: string,
    fields: Buffer,
    message: string,
    stack: string,
    related: ReadonlyMap<number, unknown>,
  ): Error {
    const compiled = this.#byId.get(classId);
    const prototype: unknown = boundClass(classId)?.prototype;
    if (compiled === undefined || typeof prototype !== 'object' || prototype === null) {
      return relate(withStack(otherError('Error', message), stack), related);
    }
    const error = new Error(message);
    Object.setPrototypeOf(error, prototype);
    compiled.decodeFields(new Reader(fields), error);
    return relate(withStack(error, stack), related);
  }
}

const MAX_DEPTH = 8;
const MAX_AGGREGATED = 32;
const MAX_TEXT = 64 * 1024;
const Kind = { value: 0, declared: 1, remoteCallError: 2, other: 3 } as const;
const Role = { cause: 0, aggregated: 1 } as const;

const BUILT_IN: ReadonlyMap<string, new (message: string) => Error> = new Map(
  [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map((each) => [
    each.name,
    each,
  ]),
);

function otherError(name: string, message: string): Error {
  if (name === 'AggregateError') return new AggregateError([], message);
  const builtIn = BUILT_IN.get(name);
  if (builtIn !== undefined) return new builtIn(message);
  const error = new Error(message);
  define(error, 'name', name);
  return error;
}

function remoteCallError(fields: unknown, message: string, cause: unknown): RemoteCallError {
  const { code, component, method, replica, executed } = (fields ?? {}) as Record<string, unknown>;
  const error = new RemoteCallError(String(code) as RemoteCallErrorCode, message, {
    component: optionalString(component),
    method: optionalString(method),
    replica: optionalString(replica),
    executed: executed === 'no' || executed === 'yes' ? executed : ('unknown' satisfies Executed),
    cause,
  });
  define(error, 'message', message);
  return error;
}

function relatedErrors(error: Error): (readonly [role: number, error: unknown])[] {
  const cause: [number, unknown][] = error.cause === undefined ? [] : [[Role.cause, error.cause]];
  const aggregated = error instanceof AggregateError ? error.errors.slice(0, MAX_AGGREGATED) : [];
  return [...cause, ...aggregated.map((each: unknown): [number, unknown] => [Role.aggregated, each])];
}

function relate(error: Error, related: ReadonlyMap<number, unknown>): Error {
  if (related.has(Role.cause)) define(error, 'cause', related.get(Role.cause));
  if (related.has(Role.aggregated)) define(error, 'errors', related.get(Role.aggregated));
  return error;
}

function withStack<E extends Error>(error: E, stack: string): E {
  if (stack !== '') define(error, 'stack', stack);
  return error;
}

function withFields(error: Error, fields: unknown): Error {
  if (typeof fields !== 'object' || fields === null) return error;
  for (const [key, value] of Object.entries(fields)) {
    if (!(key in error))
      Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: true });
  }
  return error;
}

/** Like the engine's own: not enumerable. */
function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
}

function ownFields(error: Error): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(error).filter(([key]) => key !== 'name' && key !== 'stack' && key !== 'message'),
  );
}

/** What JSON cannot express (cycles, bigints) travels as its string. */
function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    return JSON.stringify(String(value));
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MalformedInput(`a thrown value is no JSON: ${String(cause)}`);
  }
}

function optionalString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function clipped(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`;
}
