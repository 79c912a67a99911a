import type { ClientRequest, IncomingMessage } from 'node:http';
import { Access } from './access.js';
import type { Lease } from './backend-pool.js';
import { answerUnavailable, answerWith, type ClientExchange } from './client-exchange.js';
import { Dispatch } from './dispatch.js';
import type { ProxyContext } from './proxy-context.js';
import { requestHead, responseHead, trailerPairs } from './request-head.js';

type ForwardHead = Extract<ReturnType<typeof requestHead>, { kind: 'forward' }>;

/** Forwards one request. Everything ends by itself: with the answer, an error, or the client's going. */
export function forward(exchange: ClientExchange, context: ProxyContext): void {
  const head = requestHead(exchange.received);
  if (head.kind === 'refuse') {
    exchange.endConnection();
    return answerWith(exchange, head.status, head.message);
  }
  new Forwarding(exchange, context, head).start();
}

class Forwarding {
  readonly #exchange: ClientExchange;
  readonly #context: ProxyContext;
  readonly #head: ForwardHead;
  readonly #dispatch: Dispatch;
  readonly #access: Access;
  #upstream: ClientRequest | undefined;
  #lease: Lease | undefined;
  #ended = false;
  #resends = 0;
  /** Bytes that came over the backend's connection before this request. */
  #bytesBefore = 0;
  #continued = false;
  #answerTimer: NodeJS.Timeout | undefined;
  #stallTimer: NodeJS.Timeout | undefined;

  constructor(exchange: ClientExchange, context: ProxyContext, head: ForwardHead) {
    this.#exchange = exchange;
    this.#context = context;
    this.#head = head;
    this.#access = new Access(context.access, exchange.received);
    this.#dispatch = new Dispatch(
      context,
      { method: exchange.received.method, path: head.path, headers: head.headers },
      {
        connected: (upstream, lease) => this.#connected(upstream, lease),
        invalid: (error) => this.#refuse(400, `the request cannot be forwarded: ${error.message}`),
        unavailable: (why) => {
          this.#access.answered(503);
          answerUnavailable(this.#exchange, why, this.#context.listener);
          this.#end();
        },
        failed: (error, upstream) => this.#failed(error, upstream),
      },
    );
  }

  start(): void {
    this.#exchange.onceClosed(this.#onClientGone);
    // A broken request body ends with the client's connection, which is heard of above.
    this.#exchange.requestBody.on('error', () => undefined);
    this.#dispatch.send(this.#head.resendable);
  }

  readonly #onClientGone = (): void => {
    this.#upstream?.destroy();
    this.#end();
  };

  #connected(upstream: ClientRequest, lease: Lease): void {
    this.#upstream = upstream;
    this.#lease = lease;
    this.#access.takenBy(lease.backend);
    this.#bytesBefore = upstream.socket?.bytesRead ?? 0;
    upstream.on('response', (answer) => this.#answer(answer, upstream));
    upstream.on('continue', () => {
      this.#continued = true;
      this.#answerTimer?.refresh();
      if (!this.#ended) this.#exchange.writeContinue();
    });
    upstream.on('information', ({ statusCode, headers }) => {
      if (!this.#ended) this.#exchange.inform(statusCode, headers.link);
    });
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
    const request = this.#exchange.requestBody;
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
      if (this.#head.body === 'chunked') upstream.addTrailers(trailerPairs(this.#exchange.requestTrailers));
      upstream.end();
    });
  }

  #answer(answer: IncomingMessage, upstream: ClientRequest): void {
    clearTimeout(this.#answerTimer);
    const exchange = this.#exchange;
    const response = exchange.answerBody;
    const headers = responseHead(answer.rawHeaders, { chunked: exchange.takesTrailers });
    if (headers === undefined)
      return this.#refuse(502, 'the replica answered in a transfer encoding that cannot be passed on');
    const status = answer.statusCode ?? 502;
    if (this.#context.closing()) exchange.endConnection();
    try {
      exchange.writeHead(status, answer.statusMessage ?? '', headers);
    } catch (reason) {
      return this.#refuse(502, `the replica's answer cannot be passed on: ${(reason as Error).message}`);
    }
    this.#access.answered(status);
    answer.on('data', (chunk: Buffer) => {
      this.#access.passedOn(chunk.length);
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
      exchange.addTrailers(trailerPairs(answer.rawTrailers));
      response.end();
      // Without the rest of the request its connection is of no further use.
      if (!upstream.writableEnded) upstream.destroy();
      this.#end();
    });
    // A stream's head must not wait for its first bytes, but goes out with them when they are here already.
    if (answer.headers['content-length'] === undefined) exchange.flushHead();
    // Broken off in the middle: so is the client's, which cannot be told otherwise.
    answer.on('error', () => this.#cut());
    answer.on('close', () => {
      if (!answer.complete) this.#cut();
    });
  }

  #failed(error: Error, upstream: ClientRequest): void {
    if (this.#ended || upstream !== this.#upstream) return;
    // After the head, the answer's own events say how it ended.
    if (this.#access.isAnswered) return;
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
    const awaitsContinue = this.#exchange.awaitsContinue && !this.#continued;
    const clientIsSlow = !this.#exchange.isRequestComplete && !upstream.writableNeedDrain && !awaitsContinue;
    if (clientIsSlow) this.#refuse(408, 'the body of the request stopped coming');
    else
      this.#refuse(504, `the replica did not answer within ${this.#context.limits.answerTimeoutMs / 1000} s`);
  }

  /** Answers from here, unless the backend's answer has begun; gives the backend's connection up. */
  #refuse(status: number, message: string): void {
    if (this.#ended) return;
    if (this.#access.isAnswered) return this.#cut();
    this.#access.answered(status);
    this.#upstream?.destroy();
    answerWith(this.#exchange, status, message);
    this.#end();
  }

  #cut(): void {
    if (this.#ended) return;
    this.#upstream?.destroy();
    this.#exchange.cut();
    this.#end();
  }

  #awaitClient(): void {
    clearTimeout(this.#stallTimer);
    this.#stallTimer = setTimeout(() => this.#exchange.cut(), this.#context.limits.clientStallMs);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#dispatch.cancel();
    clearTimeout(this.#answerTimer);
    clearTimeout(this.#stallTimer);
    this.#lease?.release();
    this.#access.ended();
    this.#exchange.offClosed(this.#onClientGone);
    this.#leaveClient();
  }

  /** What is left of the exchange is the client's to finish, in bounded time. */
  #leaveClient(): void {
    const exchange = this.#exchange;
    if (exchange.isClosed) return;
    if (exchange.unsentBytes > 0) this.#bound(this.#context.limits.clientStallMs, 'finish');
    if (!exchange.isRequestComplete) {
      exchange.requestBody.resume();
      this.#bound(this.#context.limits.lingerMs, 'end');
    }
  }

  #bound(timeMs: number, until: 'finish' | 'end'): void {
    const exchange = this.#exchange;
    const timer = setTimeout(() => exchange.cut(), timeMs);
    const clear = () => clearTimeout(timer);
    exchange.onceClosed(clear);
    const over = () => {
      clear();
      exchange.offClosed(clear);
    };
    if (until === 'finish') exchange.answerBody.once('finish', over);
    else exchange.requestBody.once('end', over);
  }
}

function isReset(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE';
}
