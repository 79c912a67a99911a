import type { IncomingMessage } from 'node:http';
import type { Readable, Writable } from 'node:stream';
import type { ProxyContext } from './proxy-context.js';
import type { ReceivedHead } from './request-head.js';

/** The client's side of one request: what differs between HTTP/1.1 (http1-exchange.ts) and HTTP/2 (http2-exchange.ts). */
export interface ClientExchange {
  /** As HTTP/1.1 would have brought it. */
  readonly received: ReceivedHead;
  readonly requestBody: Readable;
  readonly answerBody: Writable;
  /** All of the request has come. */
  readonly isRequestComplete: boolean;
  /** Names and values by turns. */
  readonly requestTrailers: readonly string[];
  readonly awaitsContinue: boolean;
  /** The answer may end with trailers, and its length need not be known before. */
  readonly takesTrailers: boolean;
  /** Bytes of the answer that the client has not taken yet. */
  readonly unsentBytes: number;
  readonly isClosed: boolean;
  /** Headers are names and values by turns. Throws for what cannot be sent. */
  writeHead(status: number, statusMessage: string, headers: readonly string[]): void;
  /** Sends the head before there is a body, or with the first of it when that is here already. */
  flushHead(): void;
  writeContinue(): void;
  /** Advice before the answer (RFC 8297); lost where the client cannot have it. */
  inform(status: number, link: string | readonly string[] | undefined): void;
  addTrailers(pairs: readonly (readonly [string, string])[]): void;
  /** The connection takes no request after this one. */
  endConnection(): void;
  /** Breaks the exchange off, which the client sees. */
  cut(): void;
  /** The client went, or the exchange was cut, or all of it is over. */
  onceClosed(listener: () => void): void;
  offClosed(listener: () => void): void;
}

export function receivedBy(
  request: Pick<IncomingMessage, 'method' | 'url' | 'socket'>,
  rawHeaders: readonly string[],
  context: ProxyContext,
): ReceivedHead {
  const peer = request.socket.remoteAddress ?? '';
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    rawHeaders,
    peer,
    trusted: context.trusts(peer),
    scheme: context.scheme,
    fallbackHost: context.boundHost(),
  };
}

/** The ingress's own answer, in plain text. */
export function answerWith(
  exchange: Pick<ClientExchange, 'writeHead' | 'answerBody'>,
  status: number,
  message: string,
  headers: readonly string[] = [],
): void {
  const body = `${status}: ${message}\n`;
  exchange.writeHead(status, '', [
    ...['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(Buffer.byteLength(body))],
    ...['Cache-Control', 'no-store', ...headers],
  ]);
  exchange.answerBody.end(body);
}

/** Why no backend took a request. */
export type Unavailable = 'no-backend' | 'too-many-waiting' | 'out-of-files';

export function answerUnavailable(
  exchange: Pick<ClientExchange, 'writeHead' | 'answerBody'>,
  why: Unavailable,
  listener: string,
): void {
  const reasons: Record<Unavailable, string> = {
    'no-backend': `no replica serves ${listener} at the moment; try again in a moment`,
    'too-many-waiting': `too many requests wait for a replica of ${listener}; try again in a moment`,
    'out-of-files': 'the ingress has no file descriptors left; try again in a moment',
  };
  answerWith(exchange, 503, reasons[why], ['Retry-After', '1']);
}
