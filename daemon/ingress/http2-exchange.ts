import { constants, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Readable, Writable } from 'node:stream';
import { type ClientExchange, receivedBy } from './client-exchange.js';
import type { ProxyContext } from './proxy-context.js';
import type { ReceivedHead } from './request-head.js';

/** A request over HTTP/2: a stream, whose end does not touch the others of its connection. */
export class Http2Exchange implements ClientExchange {
  readonly takesTrailers = true;
  readonly received: ReceivedHead;
  readonly #request: Http2ServerRequest;
  readonly #response: Http2ServerResponse;

  constructor(request: Http2ServerRequest, response: Http2ServerResponse, context: ProxyContext) {
    this.received = receivedBy(request, http1Headers(request), context);
    this.#request = request;
    this.#response = response;
  }

  get requestBody(): Readable {
    return this.#request;
  }

  get answerBody(): Writable {
    return this.#response;
  }

  get isRequestComplete(): boolean {
    return this.#request.complete;
  }

  get requestTrailers(): readonly string[] {
    return this.#request.rawTrailers;
  }

  get awaitsContinue(): boolean {
    return this.#request.headers.expect !== undefined;
  }

  get unsentBytes(): number {
    return this.#request.stream.writableLength;
  }

  get isClosed(): boolean {
    return this.#request.stream.destroyed;
  }

  /** There are no status messages in HTTP/2. */
  writeHead(status: number, _statusMessage: string, headers: readonly string[]): void {
    const values = new Map<string, string[]>();
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const name = (headers[i] ?? '').toLowerCase();
      const sameName = values.get(name) ?? [];
      sameName.push(headers[i + 1] ?? '');
      values.set(name, sameName);
    }
    for (const [name, [first = '', ...more]] of values)
      this.#response.setHeader(name, more.length === 0 ? first : [first, ...more]);
    this.#response.writeHead(status);
  }

  /** writeHead has sent it. */
  flushHead(): void {}

  writeContinue(): void {
    this.#response.writeContinue();
  }

  inform(status: number, link: string | readonly string[] | undefined): void {
    if (status !== 103 || link === undefined) return;
    try {
      this.#response.writeEarlyHints({ link: typeof link === 'string' ? link : [...link] });
    } catch {
      // A link that Node does not take: the final answer will have it too.
    }
  }

  addTrailers(pairs: readonly (readonly [string, string])[]): void {
    for (const [name, value] of pairs) this.#response.addTrailers({ [name.toLowerCase()]: value });
  }

  endConnection(): void {
    this.#request.stream.session?.close();
  }

  cut(): void {
    this.#request.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  onceClosed(listener: () => void): void {
    this.#request.stream.once('close', listener);
  }

  offClosed(listener: () => void): void {
    this.#request.stream.off('close', listener);
  }
}

/**
 * The fields as HTTP/1.1 has them (RFC 9113, 8.2.3, 8.3.1): the authority is the host, cookies are one field, and a body of
 * unknown length comes in chunks. A Host beside another authority stays, and is one too many.
 */
function http1Headers({ rawHeaders, authority, stream }: Http2ServerRequest): readonly string[] {
  const headers: string[] = [];
  const cookies: string[] = [];
  let hasLength = false;
  if (authority !== '') headers.push('Host', authority);
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const value = rawHeaders[i + 1] ?? '';
    if (name.startsWith(':')) continue;
    if (name === 'cookie') cookies.push(value);
    else if (name !== 'host' || value !== authority) headers.push(name, value);
    hasLength ||= name === 'content-length';
  }
  if (cookies.length > 0) headers.push('Cookie', cookies.join('; '));
  if (!stream.endAfterHeaders && !hasLength) headers.push('Transfer-Encoding', 'chunked');
  return headers;
}
