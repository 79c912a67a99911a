import type { Msg, MsgHdrs } from 'nats';

/** Set, to DEL or PURGE, on the mark of a deletion (ADR-8). */
export const OPERATION_HEADER = 'KV-Operation';

export function isDeletion(headers: MsgHdrs | undefined): boolean {
  return headers !== undefined && headers.get(OPERATION_HEADER) !== '';
}

/** What a consumer's message says of itself in its reply subject, `$JS.ACK.…`. */
export interface Delivery {
  /** Of the stream. */
  readonly sequence: number;
  /** Of the consumer: from 1, without gaps. */
  readonly delivered: number;
  /** Messages that are still to come at this moment. */
  readonly pending: number;
  /** When it was stored, by the server's clock, Unix ms. */
  readonly storedAt: number;
}

/** Undefined when the reply subject is none of JetStream's. */
export function deliveryOf({ reply }: Msg): Delivery | undefined {
  const tokens = (reply ?? '').split('.');
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK' || (tokens.length !== 9 && tokens.length < 11))
    return undefined;
  // Newer servers put domain and account before the stream, and may append a token.
  const [sequence, delivered, nanos, pending] = tokens.slice(tokens.length === 9 ? 5 : 7).map(Number);
  if (sequence === undefined || delivered === undefined || nanos === undefined || pending === undefined)
    return undefined;
  if (![sequence, delivered, nanos, pending].every(Number.isFinite)) return undefined;
  return { sequence, delivered, pending, storedAt: nanos / 1e6 };
}
