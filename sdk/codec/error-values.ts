import { define, prototypeOf } from './objects.js';
import type { Reader } from './reader.js';
import { MessageTooLarge } from './violations.js';
import type { Writer } from './writer.js';

/** Causes of causes beyond this are left out. */
const MAX_CAUSES = 8;
/** Classes of causes that are revived as themselves, by name. */
const BUILT_IN = new Map(
  [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((builtIn) => [
    builtIn.name,
    builtIn.prototype,
  ]),
);

/**
 * Writes what every error has when it travels as a value: message, name, stack, and its cause as far as it can be
 * told without a type. A cause that is an error is written as one (message, name, stack, cause; without its own
 * fields) and revived as the built-in class of its name or as Error; anything else as the text that `String` gives.
 */
export function writeErrorBase(writer: Writer, error: Error): void {
  writer.writeString(text(error.message));
  writer.writeString(text(error.name));
  writeStack(writer, error);
  writeCause(writer, error.cause, MAX_CAUSES);
}

/** An instance of the bound class, or of Error while it is not bound. No constructor of the app runs. */
export function readErrorBase(reader: Reader, classId: string): Error {
  const prototype = prototypeOf(classId);
  const error = readError(reader, () => (prototype === Object.prototype ? Error.prototype : prototype));
  readCause(reader, error, MAX_CAUSES);
  return error;
}

/** Decides on what was thrown while a field was written: only an oversize message may hold the error back. */
export function omitField(thrown: unknown): void {
  if (thrown instanceof MessageTooLarge) throw thrown;
}

function readError(reader: Reader, prototypeFor: (name: string) => object): Error {
  const error = withoutStack(reader.readString());
  const name = reader.readString();
  Object.setPrototypeOf(error, prototypeFor(name));
  if (error.name !== name) defineHidden(error, 'name', name);
  defineHidden(error, 'stack', reader.readIndex(2) === 1 ? reader.readString() : undefined);
  return error;
}

function writeStack(writer: Writer, error: Error): void {
  const { stack } = error;
  writer.writeLong(typeof stack === 'string' ? 1 : 0);
  if (typeof stack === 'string') writer.writeString(stack);
}

function writeCause(writer: Writer, cause: unknown, left: number): void {
  if (cause === undefined || cause === null || left === 0) {
    writer.writeLong(0);
  } else if (cause instanceof Error) {
    writer.writeLong(2);
    writer.writeString(text(cause.message));
    writer.writeString(text(cause.name));
    writeStack(writer, cause);
    writeCause(writer, cause.cause, left - 1);
  } else {
    writer.writeLong(1);
    writer.writeString(text(cause));
  }
}

function readCause(reader: Reader, error: Error, left: number): void {
  const branch = reader.readIndex(left === 0 ? 1 : 3);
  if (branch === 1) defineHidden(error, 'cause', reader.readString());
  if (branch === 2) {
    const cause = readError(reader, (name) => BUILT_IN.get(name) ?? Error.prototype);
    readCause(reader, cause, left - 1);
    defineHidden(error, 'cause', cause);
  }
}

/** The stack of the place that decodes says nothing, and costs. */
function withoutStack(message: string): Error {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return new Error(message);
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** As the engine itself defines an error's properties. */
function defineHidden(error: Error, name: string, value: unknown): void {
  define(error, name, value);
  Object.defineProperty(error, name, { enumerable: false });
}

function text(value: unknown): string {
  try {
    return typeof value === 'string' ? value : String(value);
  } catch {
    return 'a value that has no text'; // its own toString threw: the error matters more
  }
}
