import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { type ClientExchange, receivedBy } from './client-exchange.js';
import type { ProxyContext } from './proxy-context.js';
import type { ReceivedHead } from './request-head.js';

/** A request over HTTP/1.0 or 1.1: what becomes of it ends or keeps the connection. */
export class Http1Exchange implements ClientExchange {
  readonly received: ReceivedHead;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #socket: Socket;

  constructor(request: IncomingMessage, response: ServerResponse, context: ProxyContext) {
    this.received = receivedBy(request, request.rawHeaders, context);
    this.#request = request;
    this.#response = response;
    this.#socket = request.socket;
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

  get takesTrailers(): boolean {
    return this.#isVersion11 && this.#request.method !== 'HEAD';
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  get #isVersion11(): boolean {
    return this.#request.httpVersion === '1.1';
  }

  writeHead(status: number, statusMessage: string, headers: readonly string[]): void {
    if (statusMessage === '') this.#response.writeHead(status, [...headers]);
    else this.#response.writeHead(status, statusMessage, [...headers]);
  }

  flushHead(): void {
    const socket = this.#socket;
    socket.cork();
    process.nextTick(() => socket.uncork());
    this.#response.flushHeaders();
  }

  writeContinue(): void {
    this.#response.writeContinue();
  }

  inform(status: number, link: string | readonly string[] | undefined): void {
    if (!this.#isVersion11) return;
    if (status === 102) this.#response.writeProcessing();
    if (status !== 103 || link === undefined) return;
    try {
      this.#response.writeEarlyHints({ link: typeof link === 'string' ? link : [...link] });
    } catch {
      // A link that Node does not take: the final answer will have it too.
    }
  }

  addTrailers(pairs: readonly (readonly [string, string])[]): void {
    this.#response.addTrailers(pairs.map(([name, value]): [string, string] => [name, value]));
  }

  endConnection(): void {
    this.#response.shouldKeepAlive = false;
  }

  cut(): void {
    this.#socket.destroy();
  }

  onceClosed(listener: () => void): void {
    this.#socket.once('close', listener);
  }

  offClosed(listener: () => void): void {
    this.#socket.off('close', listener);
  }
}
