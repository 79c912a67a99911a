import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Lease } from './backend-pool.js';
import { Dispatch } from './dispatch.js';
import { answerUnavailable, answerWith, type ProxyContext, receivedHead } from './proxy-context.js';
import { requestHead, responseHead, trailerPairs } from './request-head.js';

type ForwardHead = Extract<ReturnType<typeof requestHead>, { kind: 'forward' }>;

/** Forwards one request. Everything ends by itself: with the answer, an error, or the client's going. */
export function forward(request: IncomingMessage, response: ServerResponse, context: ProxyContext): void {
  const head = requestHead(receivedHead(request, context));
  if (head.kind === 'refuse') {
    response.shouldKeepAlive = false;
    return answerWith(response, head.status, head.message);
  }
  new Forwarding(request, response, context, head).start();
}

class Forwarding {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #socket: Socket;
  readonly #context: ProxyContext;
  readonly #head: ForwardHead;
  readonly #dispatch: Dispatch;
  readonly #startedAt = performance.now();
  #upstream: ClientRequest | undefined;
  #lease: Lease | undefined;
  /** The answer's head came from the backend, or was written here. */
  #answered = false;
  #ended = false;
  #resends = 0;
  /** Bytes that came over the backend's connection before this request. */
  #bytesBefore = 0;
  #continued = false;
  #answerTimer: NodeJS.Timeout | undefined;
  #stallTimer: NodeJS.Timeout | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, context: ProxyContext, head: ForwardHead) {
    this.#request = request;
    this.#response = response;
    this.#socket = request.socket;
    this.#context = context;
    this.#head = head;
    this.#dispatch = new Dispatch(
      context,
      { method: request.method ?? 'GET', path: head.path, headers: head.headers },
      {
        connected: (upstream, lease) => this.#connected(upstream, lease),
        invalid: (error) => this.#refuse(400, `the request cannot be forwarded: ${error.message}`),
        unavailable: (why) => {
          this.#counted(503);
          answerUnavailable(this.#response, why, this.#context.listener);
          this.#end();
        },
        failed: (error, upstream) => this.#failed(error, upstream),
      },
    );
  }

  start(): void {
    this.#context.counters.begun();
    this.#socket.once('close', this.#onClientGone);
    // A broken request body ends with the client's connection, which is heard of above.
    this.#request.on('error', () => undefined);
    this.#dispatch.send(this.#head.resendable);
  }

  readonly #onClientGone = (): void => {
    if (!this.#answered) this.#context.counters.aborted();
    this.#upstream?.destroy();
    this.#end();
  };

  #connected(upstream: ClientRequest, lease: Lease): void {
    this.#upstream = upstream;
    this.#lease = lease;
    this.#bytesBefore = upstream.socket?.bytesRead ?? 0;
    upstream.on('response', (answer) => this.#answer(answer, upstream));
    upstream.on('continue', () => {
      this.#continued = true;
      this.#answerTimer?.refresh();
      if (!this.#ended) this.#response.writeContinue();
    });
    upstream.on('information', ({ statusCode, headers }) => this.#inform(statusCode, headers.link));
    // A backend that switches protocols unasked.
    upstream.on('upgrade', (_answer, socket) => {
      socket.destroy();
      this.#refuse(502, 'the replica switched to another protocol, which was not asked for');
    });
    this.#answerTimer = setTimeout(() => this.#timedOut(upstream), this.#context.limits.answerTimeoutMs);
    if (this.#head.body === 'none') upstream.end();
    else this.#sendBody(upstream);
  }

  #sendBody(upstream: ClientRequest): void {
    const request = this.#request;
    // The head must not wait for a body that may come late.
    upstream.flushHeaders();
    request.on('data', (chunk: Buffer) => {
      if (this.#ended || upstream.destroyed) return;
      this.#answerTimer?.refresh();
      if (!upstream.write(chunk)) request.pause();
    });
    upstream.on('drain', () => {
      this.#answerTimer?.refresh();
      request.resume();
    });
    request.on('end', () => {
      if (this.#ended || upstream.destroyed) return;
      this.#answerTimer?.refresh();
      if (this.#head.body === 'chunked') upstream.addTrailers(trailerPairs(request.rawTrailers));
      upstream.end();
    });
  }

  #answer(answer: IncomingMessage, upstream: ClientRequest): void {
    clearTimeout(this.#answerTimer);
    const response = this.#response;
    const chunked = this.#request.httpVersion === '1.1' && this.#request.method !== 'HEAD';
    const headers = responseHead(answer.rawHeaders, { chunked });
    if (headers === undefined)
      return this.#refuse(502, 'the replica answered in a transfer encoding that cannot be passed on');
    const status = answer.statusCode ?? 502;
    if (this.#context.closing()) response.shouldKeepAlive = false;
    try {
      response.writeHead(status, answer.statusMessage ?? '', headers);
    } catch (reason) {
      return this.#refuse(502, `the replica's answer cannot be passed on: ${(reason as Error).message}`);
    }
    this.#counted(status);
    answer.on('data', (chunk: Buffer) => {
      if (response.write(chunk)) return;
      answer.pause();
      this.#awaitClient();
    });
    response.on('drain', () => {
      clearTimeout(this.#stallTimer);
      answer.resume();
    });
    answer.on('end', () => {
      if (!answer.complete) return;
      response.addTrailers(trailerPairs(answer.rawTrailers));
      response.end();
      // Without the rest of the request its connection is of no further use.
      if (!upstream.writableEnded) upstream.destroy();
      this.#end();
    });
    // A stream's head must not wait for its first bytes, but goes out with them when they are here already.
    if (answer.headers['content-length'] === undefined) {
      const socket = this.#socket;
      socket.cork();
      process.nextTick(() => socket.uncork());
      response.flushHeaders();
    }
    // Broken off in the middle: so is the client's, which cannot be told otherwise.
    answer.on('error', () => this.#cut());
    answer.on('close', () => {
      if (!answer.complete) this.#cut();
    });
  }

  /** Early hints, which are only advice. */
  #inform(status: number, link: string | string[] | undefined): void {
    if (this.#ended || this.#request.httpVersion !== '1.1') return;
    if (status === 102) this.#response.writeProcessing();
    if (status !== 103 || link === undefined) return;
    try {
      this.#response.writeEarlyHints({ link });
    } catch {
      // A link that Node does not take: the final answer will have it too.
    }
  }

  #failed(error: Error, upstream: ClientRequest): void {
    if (this.#ended || upstream !== this.#upstream) return;
    // After the head, the answer's own events say how it ended.
    if (this.#answered) return;
    const silent = (upstream.socket?.bytesRead ?? 0) === this.#bytesBefore;
    clearTimeout(this.#answerTimer);
    this.#lease?.release();
    this.#lease = undefined;
    // A kept connection may have been closed by the backend just then, which says nothing about the request; a fresh
    // one that breaks may be the request's doing, so that is tried once only.
    const free = upstream.reusedSocket;
    if (silent && this.#head.resendable && isReset(error) && (free || this.#resends === 0)) {
      if (!free) this.#resends++;
      this.#upstream = undefined;
      return this.#dispatch.send(false);
    }
    this.#refuse(502, `the replica broke off before it answered; the request may have been executed`);
  }

  #timedOut(upstream: ClientRequest): void {
    const awaitsContinue = this.#request.headers.expect !== undefined && !this.#continued;
    const clientIsSlow = !this.#request.complete && !upstream.writableNeedDrain && !awaitsContinue;
    if (clientIsSlow) this.#refuse(408, 'the body of the request stopped coming');
    else
      this.#refuse(504, `the replica did not answer within ${this.#context.limits.answerTimeoutMs / 1000} s`);
  }

  /** Answers from here, unless the backend's answer has begun; gives the backend's connection up. */
  #refuse(status: number, message: string): void {
    if (this.#ended) return;
    if (this.#answered) return this.#cut();
    this.#counted(status);
    this.#upstream?.destroy();
    answerWith(this.#response, status, message);
    this.#end();
  }

  #cut(): void {
    if (this.#ended) return;
    this.#upstream?.destroy();
    this.#response.destroy();
    this.#end();
  }

  #awaitClient(): void {
    clearTimeout(this.#stallTimer);
    this.#stallTimer = setTimeout(() => this.#socket.destroy(), this.#context.limits.clientStallMs);
  }

  #counted(status: number): void {
    this.#answered = true;
    this.#context.counters.answered(status, performance.now() - this.#startedAt);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#dispatch.cancel();
    clearTimeout(this.#answerTimer);
    clearTimeout(this.#stallTimer);
    this.#lease?.release();
    this.#context.counters.ended();
    this.#socket.off('close', this.#onClientGone);
    this.#leaveClient();
  }

  /** What is left of the exchange is the client's to finish, in bounded time. */
  #leaveClient(): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    if (socket.writableLength > 0) this.#bound(this.#context.limits.clientStallMs, 'finish');
    if (!this.#request.complete) {
      this.#request.resume();
      this.#bound(this.#context.limits.lingerMs, 'end');
    }
  }

  #bound(timeMs: number, until: 'finish' | 'end'): void {
    const timer = setTimeout(() => this.#socket.destroy(), timeMs);
    const clear = () => clearTimeout(timer);
    this.#socket.once('close', clear);
    const over = () => {
      clear();
      this.#socket.off('close', clear);
    };
    if (until === 'finish') this.#response.once('finish', over);
    else this.#request.once('end', over);
  }
}

function isReset(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE';
}
