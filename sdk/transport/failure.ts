import type { Reader } from '../codec/reader.js';
import { MalformedInput } from '../codec/violations.js';
import type { Writer } from '../codec/writer.js';
import type { Executed, RemoteCallErrorCode } from '../errors/remote-call-error.js';

/** The body of a FAILURE frame: `u8 code`, `u8 executed`, the message as a string. */
export interface Failure {
  readonly code: RemoteCallErrorCode;
  readonly executed: Executed;
  readonly message: string;
}

/** By position on the wire: append only. */
const CODES: readonly RemoteCallErrorCode[] = [
  'UNAVAILABLE',
  'UNKNOWN_OUTCOME',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
  'RESOURCE_EXHAUSTED',
  'INVALID_ARGUMENT',
  'INVALID_RESULT',
  'MESSAGE_TOO_LARGE',
  'STALE_OWNER',
  'VERSION_MISMATCH',
  'PROTOCOL_ERROR',
  'NOT_FOUND',
  'INTERNAL',
];
const EXECUTED: readonly Executed[] = ['no', 'unknown', 'yes'];

/** Longer messages are cut, characters. */
export const MAX_FAILURE_MESSAGE = 1000;

/** Of a call whose deadline has passed. The caller's remaining time is a fraction that nobody set. */
export function noAnswerWithin(timeoutMs: number | undefined): string {
  return `no answer within ${Math.ceil(timeoutMs ?? 0)} ms`;
}

export function encodeFailure(writer: Writer, failure: Failure): void {
  writer.writeUint8(CODES.indexOf(failure.code));
  writer.writeUint8(EXECUTED.indexOf(failure.executed));
  writer.writeString(failure.message.slice(0, MAX_FAILURE_MESSAGE));
}

/** Throws MalformedInput. */
export function decodeFailure(reader: Reader): Failure {
  const code = CODES[reader.readUint8()];
  const executed = EXECUTED[reader.readUint8()];
  if (code === undefined || executed === undefined) throw new MalformedInput('unknown code of a failure');
  return { code, executed, message: reader.readString() };
}
