import { ErrorCode, NatsError } from 'nats';
import { BusError } from '../bus.js';

/** `err_code` of JetStream's answers (server/errors.json of nats-server). */
export const JETSTREAM = {
  INSUFFICIENT_PEERS: 10005,
  NO_LEADER: 10008,
  NO_MESSAGE: 10037,
  NOT_ENABLED_FOR_ACCOUNT: 10039,
  STREAM_NAME_IN_USE: 10058,
  STREAM_NOT_FOUND: 10059,
  WRONG_LAST_SEQUENCE: 10071,
  REPLICAS_NOT_SUPPORTED: 10074,
  NOT_ENABLED: 10076,
} as const;

/** Answers that say: this was not applied, try again later. */
const NOT_NOW: readonly number[] = [
  JETSTREAM.INSUFFICIENT_PEERS,
  JETSTREAM.NO_LEADER,
  JETSTREAM.STREAM_NOT_FOUND,
  JETSTREAM.NOT_ENABLED_FOR_ACCOUNT,
  JETSTREAM.REPLICAS_NOT_SUPPORTED,
  JETSTREAM.NOT_ENABLED,
];

/** Answers that say: there is no room, and this was not applied. */
const NO_ROOM: readonly number[] = [
  10002, // account resources exceeded
  10023, // insufficient resources
  10028, // memory resources exceeded
  10047, // insufficient storage
  10077, // maximum messages or bytes exceeded
];

export function jetStreamCode(reason: unknown): number | undefined {
  return reason instanceof NatsError ? reason.api_error?.err_code : undefined;
}

/** Of a call that changes nothing, or that may be repeated. */
export function readError(what: string, reason: unknown): BusError {
  const code = jetStreamCode(reason) === undefined ? 'TIMEOUT' : 'REFUSED';
  return (
    certainError(what, reason) ?? new BusError(code, `${what}: ${natsMessage(reason)}`, { cause: reason })
  );
}

/** Of a call that writes: what does not surely say that nothing was applied leaves it open. */
export function writeError(what: string, reason: unknown): BusError {
  const certain = certainError(what, reason);
  if (certain !== undefined) return certain;
  const message = `${what}: it is not known whether it was written (${natsMessage(reason)}); read it back`;
  return new BusError('OUTCOME_UNKNOWN', message, { cause: reason });
}

/** Undefined when the reason leaves open whether the server acted. */
function certainError(what: string, reason: unknown): BusError | undefined {
  if (reason instanceof BusError) return reason;
  const error = (code: BusError['code'], message: string) =>
    new BusError(code, `${what}: ${message}`, { cause: reason });
  const answered = jetStreamCode(reason);
  if (answered !== undefined) {
    if (answered === JETSTREAM.WRONG_LAST_SEQUENCE) return error('CONFLICT', 'it was changed by others');
    if (NOT_NOW.includes(answered)) return error('UNAVAILABLE', natsMessage(reason));
    if (NO_ROOM.includes(answered))
      return error('STORAGE_FULL', `NATS has no room for it (${natsMessage(reason)}); free or grant some`);
    return undefined;
  }
  if (!(reason instanceof NatsError)) return undefined;
  switch (reason.code) {
    case ErrorCode.NoResponders:
      return error('UNAVAILABLE', 'no NATS server holds it at present (no leader, or no JetStream)');
    case ErrorCode.PermissionsViolation:
      return error('REFUSED', `${reason.message}; give this NATS user the permission`);
    case ErrorCode.MaxPayloadExceeded:
      return error('TOO_LARGE', 'more than max_payload of the NATS server');
    default:
      return undefined;
  }
}

/** Says what is wrong without its code words. Never holds credentials: NATS's errors do not. */
export function natsMessage(reason: unknown): string {
  if (!(reason instanceof NatsError)) return reason instanceof Error ? reason.message : String(reason);
  const { api_error: answer, code, chainedError } = reason;
  if (answer !== undefined) return `${answer.description} (NATS error ${answer.err_code ?? answer.code})`;
  switch (code) {
    case ErrorCode.Timeout:
      return 'no answer in time';
    case ErrorCode.ConnectionRefused:
      return 'connection refused';
    case ErrorCode.ConnectionClosed:
      return 'the connection was lost';
    case ErrorCode.AuthorizationViolation:
      return 'NATS refuses the credentials';
    case ErrorCode.AuthenticationExpired:
      return 'the credentials have expired';
    default:
      return chainedError === undefined ? reason.message : `${reason.message} (${chainedError.message})`;
  }
}
