import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { readKeyPair, watchKeyPair } from './certificate.js';
import type { ClientExchange } from './client-exchange.js';
import { Http1Exchange } from './http1-exchange.js';
import { Http2Exchange } from './http2-exchange.js';
import type { IngressClock, TlsFiles } from './ingress-routes.js';
import type { ProxyContext } from './proxy-context.js';

export interface ListenerServerOptions {
  readonly context: ProxyContext;
  /** HTTPS, with HTTP/2 for those who ask for it; undefined: HTTP/1.1. */
  readonly tls: TlsFiles | undefined;
  readonly clock: IngressClock;
  readonly log: (level: 'info' | 'error', message: string) => void;
  readonly onExchange: (exchange: ClientExchange) => void;
  readonly onUpgrade: (request: IncomingMessage, socket: Socket, head: Buffer) => void;
  /** A connection was closed, as there are too many. */
  readonly onOverflow: () => void;
  /** It cannot listen, or no longer. */
  readonly onError: (error: NodeJS.ErrnoException, isListening: boolean) => void;
}

/** How often a closing server looks for connections that have become idle. */
const CLOSE_IDLE_MS = 100;
/** How often Node's server looks for requests whose head takes too long. */
const CHECK_HEADERS_MS = 5_000;
const MIN_TLS = 'TLSv1.2';
/** Fields of a request over HTTP/2. */
const MAX_HEADERS = 128;
/** Streams that a client of HTTP/2 may have open on a connection (RFC 9113, 6.5.2, wants no fewer than 100). */
const MAX_STREAMS = 256;

/** The sockets of one listener. Exchanges that are under way are its owner's. */
export class ListenerServer {
  readonly #options: ListenerServerOptions;
  readonly #server: Server | SecureServer;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #unwatch: () => void;

  /** Throws when there is no certificate that could be used. */
  constructor(options: ListenerServerOptions) {
    this.#options = options;
    const { context, tls, onUpgrade, onOverflow, onError } = options;
    const server = tls === undefined ? createServer(this.#http1Options()) : this.#createSecure(tls);
    this.#unwatch = tls === undefined ? () => undefined : this.#watch(server as SecureServer, tls);
    server.maxConnections = context.limits.maxConnections;
    const serve = (exchange: ClientExchange) => options.onExchange(exchange);
    server.on('request', (request, response) => serve(new Http1Exchange(request, response, context)));
    // Whether the body may come is the backend's to say.
    server.on('checkContinue', (request, response) => serve(new Http1Exchange(request, response, context)));
    server.on('upgrade', (request, socket, head) => onUpgrade(request, socket as Socket, head));
    // One listener per pipelined request, which the pool bounds.
    server.on('connection', (socket) => socket.setMaxListeners(0));
    server.on('drop', onOverflow);
    server.on('error', (error) => onError(error, server.listening));
    this.#server = server;
  }

  listen(host: string, port: number, opened: (port: number) => void): void {
    this.#server.listen({ host, port }, () => opened((this.#server.address() as AddressInfo).port));
  }

  /** Accepts nothing more; resolves when every connection is closed, those not idle at `drainMs` by being cut. */
  async close(drainMs: number): Promise<void> {
    this.#unwatch();
    const server = this.#server;
    if (!server.listening) return;
    const idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_MS);
    const cut = setTimeout(() => this.#cutAll(), drainMs);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const session of this.#sessions) session.close();
    await closed;
    clearInterval(idle);
    clearTimeout(cut);
  }

  #cutAll(): void {
    this.#server.closeAllConnections();
    for (const session of this.#sessions) session.destroy();
  }

  #http1Options(): ServerOptions {
    const { limits } = this.#options.context;
    return {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      // Bodies may stream for as long as they make progress (forwarding.ts).
      requestTimeout: 0,
      keepAliveTimeout: limits.clientIdleMs,
      connectionsCheckingInterval: Math.min(CHECK_HEADERS_MS, limits.headersTimeoutMs),
      insecureHTTPParser: false,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
    };
  }

  #createSecure(tls: TlsFiles): SecureServer {
    const { limits } = this.#options.context;
    const server = createSecureServer({
      ...this.#http1Options(),
      ...readKeyPair(tls),
      ALPNProtocols: ['h2', 'http/1.1'],
      minVersion: MIN_TLS,
      handshakeTimeout: limits.headersTimeoutMs,
    });
    const http2 = this.#createHttp2();
    // Node's own server for both has no time limit for the heads of HTTP/1.1.
    const [serveHttp1] = server.listeners('secureConnection');
    server.removeAllListeners('secureConnection');
    server.on('secureConnection', (socket: TLSSocket) => {
      if (socket.alpnProtocol === 'h2') http2.emit('connection', socket);
      else serveHttp1?.call(server, socket);
    });
    // A peer that speaks no TLS, or none of ours, ends its own connection and nothing else.
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return server;
  }

  #createHttp2(): Http2Server {
    const { context, onExchange } = this.#options;
    const { limits } = context;
    const server = createHttp2Server({
      settings: { maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: limits.maxHeaderBytes },
      maxHeaderListPairs: MAX_HEADERS,
    });
    server.on('request', (request, response) => onExchange(new Http2Exchange(request, response, context)));
    server.on('checkContinue', (request, response) =>
      onExchange(new Http2Exchange(request, response, context)),
    );
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
      session.setTimeout(limits.clientIdleMs, () => session.close());
      if (context.closing()) session.close();
    });
    // Such as a frame that is none: Node ends that session.
    server.on('sessionError', () => undefined);
    return server;
  }

  #watch(server: SecureServer, tls: TlsFiles): () => void {
    const { clock, log } = this.#options;
    return watchKeyPair(
      tls,
      clock,
      (pair) => {
        server.setSecureContext({ ...pair, minVersion: MIN_TLS });
        log('info', 'has a new certificate');
      },
      (problem) => log('error', `keeps its former certificate: ${problem}`),
    );
  }
}
