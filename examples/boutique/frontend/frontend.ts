import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Context, component, currentCall, withCall } from 'weaverd';
import { failureOf } from './failure.js';
import { readForm, refererPath, refuseCrossSite, targetOf } from './http-request.js';
import { errorPage } from './pages/error.js';
import { page, type Reply } from './reply.js';
import type { Router } from './router.js';
import { Routes } from './routes.js';
import { type Session, sessionCookie, sessionOf } from './session.js';
import { Shop } from './shop.js';

/** Time to answer a request, all calls that it takes included. */
const REQUEST_TIMEOUT_MS = 5_000;
/** Time a visitor has to send a request. */
const RECEIVE_TIMEOUT_MS = 15_000;
/** Time for open requests to be answered when the shop closes. */
const CLOSING_MS = 5_000;

/** The web server of the shop. It has no methods for others: its interface is HTTP. */
export class Frontend {
  readonly #ctx: Context;
  readonly #routes: Routes;
  readonly #router: Router;
  readonly #server: Server;

  constructor(ctx: Context, now: () => Date = () => new Date()) {
    this.#ctx = ctx;
    this.#routes = new Routes(new Shop(ctx), ctx, now);
    this.#router = this.#routes.router();
    this.#server = createServer(
      { requestTimeout: RECEIVE_TIMEOUT_MS, headersTimeout: RECEIVE_TIMEOUT_MS },
      (request, response) => void this.#serve(request, response),
    );
  }

  async start(): Promise<void> {
    const options = await this.#ctx.listener('shop');
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(options, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  async stop(): Promise<void> {
    const late = setTimeout(() => this.#server.closeAllConnections(), CLOSING_MS);
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    clearTimeout(late);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const session = sessionOf(request.headers.cookie);
    const { traceparent } = request.headers;
    const reply = await withCall(
      {
        traceparent: typeof traceparent === 'string' ? traceparent : undefined,
        timeout: REQUEST_TIMEOUT_MS,
        signal: gone.signal,
      },
      () => this.#answer(request, session),
    );
    if (gone.signal.aborted) return;
    const greeted = session.isNew && reply.personal ? [sessionCookie(session)] : [];
    const cookies = [...greeted, ...reply.cookies];
    response.writeHead(reply.status, {
      ...reply.headers,
      'content-length': Buffer.byteLength(reply.body),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      ...(cookies.length > 0 && { 'set-cookie': cookies }),
      ...(this.#server.listening ? {} : { connection: 'close' }),
    });
    response.end(reply.body);
  }

  async #answer(request: IncomingMessage, session: Session): Promise<Reply> {
    try {
      const { path, query } = targetOf(request.url);
      const handle = this.#router.find(request.method ?? 'GET', path);
      const posted = request.method === 'POST';
      if (posted) refuseCrossSite(request.headers);
      const form = posted ? await readForm(request) : new URLSearchParams();
      return await handle({ session, query, form, from: refererPath(request.headers) });
    } catch (error) {
      return this.#explain(error, request, session);
    }
  }

  #explain(error: unknown, request: IncomingMessage, session: Session): Reply {
    const failure = failureOf(error);
    const reference = currentCall()?.traceparent?.split('-')[1];
    if (failure.ours) {
      const { method, url } = request;
      this.#ctx.log.error({ err: error, method, url, status: failure.status, reference }, 'request failed');
    }
    const body = errorPage(this.#routes.bareFrame(session), failure, failure.ours ? reference : undefined);
    return page(body, failure.status, failure.headers);
  }
}

component(Frontend);
