import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AccessCounters } from './access-counters.js';
import type { BackendPool } from './backend-pool.js';
import type { IngressClock } from './ingress-routes.js';
import type { ProxyLimits } from './proxy-limits.js';
import type { ReceivedHead } from './request-head.js';

/** What the requests of one listener share. */
export interface ProxyContext {
  readonly listener: string;
  readonly pool: BackendPool;
  readonly limits: ProxyLimits;
  readonly clock: IngressClock;
  readonly counters: AccessCounters;
  /** Of this listener's address. */
  readonly scheme: 'http' | 'https';
  readonly trusts: (peer: string) => boolean;
  /** Host and port of the listener. */
  readonly boundHost: () => string;
  /** The listener goes away: connections end with the answer under way. */
  readonly closing: () => boolean;
}

export function receivedHead(request: IncomingMessage, context: ProxyContext): ReceivedHead {
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    rawHeaders: request.rawHeaders,
    peer: request.socket.remoteAddress ?? '',
    trusted: context.trusts(request.socket.remoteAddress ?? ''),
    scheme: context.scheme,
    fallbackHost: context.boundHost(),
  };
}

/** The ingress's own answer, in plain text. */
export function answerWith(
  response: ServerResponse,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = `${status}: ${message}\n`;
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
    ...headers,
  });
  response.end(body);
}

/** Why no backend took a request. */
export type Unavailable = 'no-backend' | 'too-many-waiting' | 'out-of-files';

export function answerUnavailable(response: ServerResponse, why: Unavailable, listener: string): void {
  const reasons: Record<Unavailable, string> = {
    'no-backend': `no replica serves ${listener} at the moment; try again in a moment`,
    'too-many-waiting': `too many requests wait for a replica of ${listener}; try again in a moment`,
    'out-of-files': 'the ingress has no file descriptors left; try again in a moment',
  };
  answerWith(response, 503, reasons[why], { 'Retry-After': '1' });
}
