import { MalformedInput } from '../codec/violations.js';
import { RemoteCallError } from '../errors/remote-call-error.js';

/** The peer sent bytes that are not the protocol: this connection ends. */
export function protocolError(message: string, cause?: unknown): RemoteCallError {
  return new RemoteCallError('PROTOCOL_ERROR', message, { cause });
}

/** Whatever was thrown while a frame was handled, as the reason for which the connection ends. */
export function frameFailure(thrown: unknown): RemoteCallError {
  if (thrown instanceof MalformedInput) return protocolError(`malformed frame: ${thrown.message}`, thrown);
  return RemoteCallError.from(thrown);
}

/** The message without the code that the constructor adds, to be put into another. */
export function plainMessage({ message, code }: RemoteCallError): string {
  const suffix = ` [${code}]`;
  return message.endsWith(suffix) ? message.slice(0, -suffix.length) : message;
}
