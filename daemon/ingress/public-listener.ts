import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { formatAddress } from '../../sdk/protocol/address.js';
import { AccessCounters } from './access-counters.js';
import { BackendPool } from './backend-pool.js';
import { backoffMs } from './backoff.js';
import { readKeyPair, watchKeyPair } from './certificate.js';
import { forward } from './forwarding.js';
import type { WireRoute } from './ingress-protocol.js';
import type { IngressClock, IngressListenerStatus } from './ingress-routes.js';
import { openFailure } from './open-failure.js';
import type { ProxyContext } from './proxy-context.js';
import type { ProxyLimits } from './proxy-limits.js';
import { TrustedPeers } from './trusted-peers.js';
import { forwardUpgrade } from './tunnel.js';

export const HEALTH_PATH = '/.weaverd/health';

export interface ListenerOptions {
  readonly limits: ProxyLimits;
  readonly clock: IngressClock;
  readonly random: () => number;
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void;
  /** Names the listener of this process that has the port. */
  readonly ownerOf: (host: string, port: number) => string | undefined;
  /** The state, or that of a backend, changed. */
  readonly onChange: () => void;
  /** Requests come and go; called often. */
  readonly onActivity: () => void;
}

type State =
  | { readonly kind: 'opening' }
  | { readonly kind: 'open'; readonly port: number }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'closing' };

/** How often a closing listener looks for connections that have become idle. */
const CLOSE_IDLE_MS = 100;
/** How often Node's server looks for requests whose head takes too long. */
const CHECK_HEADERS_MS = 5_000;

/** Serves one route at its public address. */
export class PublicListener {
  readonly #options: ListenerOptions;
  readonly #context: ProxyContext;
  #trusted: TrustedPeers;
  readonly #pool: BackendPool;
  readonly #counters: AccessCounters;
  readonly #tunnels = new Set<Socket>();
  #route: WireRoute;
  #state: State = { kind: 'opening' };
  #server: Server | SecureServer | undefined;
  #unwatch: () => void = () => undefined;
  #attempts = 0;
  #cancelReopen: (() => void) | undefined;
  #overflowing = false;

  constructor(route: WireRoute, options: ListenerOptions) {
    this.#options = options;
    this.#route = route;
    this.#counters = new AccessCounters(options.onActivity);
    this.#pool = new BackendPool(options.limits, options.clock, options.random, options.onChange);
    this.#pool.setBackends(route.backends);
    this.#trusted = new TrustedPeers(route.trustedProxies ?? []);
    this.#context = {
      listener: route.listener,
      scheme: schemeOf(route),
      trusts: (peer) => this.#trusted.has(peer),
      pool: this.#pool,
      limits: options.limits,
      clock: options.clock,
      counters: this.#counters,
      boundHost: () => this.#boundHost(),
      closing: () => this.#state.kind === 'closing',
    };
  }

  /** Tries now, and again with back-off for as long as it fails. */
  open(): void {
    const preferred = this.#route.preferredPort;
    this.#listen(this.#route.port === 0 && preferred !== undefined ? preferred : this.#route.port);
  }

  /** Whether this listener can serve the route without opening another port. */
  serves(route: WireRoute): boolean {
    const { host, port, tls } = this.#route;
    return (
      route.host === host &&
      route.port === port &&
      route.tls?.certificate === tls?.certificate &&
      route.tls?.key === tls?.key
    );
  }

  setRoute(route: WireRoute): void {
    this.#route = route;
    this.#trusted = new TrustedPeers(route.trustedProxies ?? []);
    this.#pool.setBackends(route.backends);
  }

  has(host: string, port: number): boolean {
    return this.#state.kind === 'open' && this.#state.port === port && this.#route.host === host;
  }

  get counters(): AccessCounters {
    return this.#counters;
  }

  status(): IngressListenerStatus {
    const { app, listener } = this.#route;
    return {
      app,
      listener,
      url: this.#url(),
      state: this.#state.kind,
      ...(this.#state.kind === 'failed' ? { reason: this.#state.reason } : {}),
      ...this.#counters.window,
      answers: this.#counters.answers,
      inFlight: this.#counters.inFlight,
      backends: this.#pool.status(),
    };
  }

  /** Accepts nothing more, at once; resolves when what is in flight has finished or was cut after `drainMs`. */
  async close(drainMs: number): Promise<void> {
    this.#state = { kind: 'closing' };
    this.#cancelReopen?.();
    this.#unwatch();
    const server = this.#server;
    if (server?.listening) {
      const idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_MS);
      const cut = setTimeout(() => this.#cutAll(server), drainMs);
      await new Promise<void>((resolve) => server.close(() => resolve()));
      clearInterval(idle);
      clearTimeout(cut);
    }
    this.#pool.close();
  }

  #listen(port: number): void {
    let server: Server | SecureServer;
    try {
      server = this.#createServer();
    } catch (reason) {
      return this.#failed(
        `${reason instanceof Error ? reason.message : String(reason)} ([listeners.${this.#route.listener}] tls in weaver.toml)`,
      );
    }
    this.#server = server;
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (server.listening) return this.#options.log('error', `${this.name}: ${error.message}`);
      if (this.#state.kind === 'closing') return;
      // A port that was only preferred is given up at once.
      if (this.#route.port === 0 && port !== 0) return this.#listen(0);
      const { listener, host } = this.#route;
      const owner = this.#options.ownerOf(host, port);
      this.#failed(openFailure(error, { listener, host, port, owner }));
    });
    server.listen({ host: this.#route.host, port }, () => {
      if (this.#state.kind === 'closing') return void server.close();
      this.#attempts = 0;
      this.#state = { kind: 'open', port: (server.address() as AddressInfo).port };
      this.#options.log('info', `${this.name} is open at ${this.#url()}`);
      this.#options.onChange();
    });
  }

  #failed(reason: string): void {
    const { reopenFirstMs, reopenMaxMs } = this.#options.limits;
    if (this.#state.kind !== 'failed' || this.#state.reason !== reason)
      this.#options.log('error', `${this.name}: ${reason}`);
    this.#state = { kind: 'failed', reason };
    const delay = backoffMs(++this.#attempts, reopenFirstMs, reopenMaxMs, this.#options.random);
    this.#cancelReopen = this.#options.clock.after(delay, () => this.open());
    this.#options.onChange();
  }

  /** Throws when there is no certificate that could be used. */
  #createServer(): Server | SecureServer {
    const { limits } = this.#options;
    const options: ServerOptions = {
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
    const server = this.#serverFor(options);
    server.maxConnections = limits.maxConnections;
    server.on('request', (request, response) => this.#serve(request, response));
    // Whether the body may come is the backend's to say.
    server.on('checkContinue', (request, response) => this.#serve(request, response));
    server.on('upgrade', (request, socket, head) => this.#tunnel(request, socket as Socket, head));
    // One listener per pipelined request, which the pool bounds.
    server.on('connection', (socket) => socket.setMaxListeners(0));
    server.on('drop', () => this.#overflow());
    return server;
  }

  #serverFor(options: ServerOptions): Server | SecureServer {
    const { tls } = this.#route;
    if (tls === undefined) return createServer(options);
    const { clock, limits, log } = this.#options;
    const server = createSecureServer({
      ...options,
      ...readKeyPair(tls),
      minVersion: 'TLSv1.2',
      handshakeTimeout: limits.headersTimeoutMs,
    });
    this.#unwatch();
    this.#unwatch = watchKeyPair(
      tls,
      clock,
      (pair) => {
        server.setSecureContext({ ...pair, minVersion: 'TLSv1.2' });
        log('info', `${this.name} has a new certificate`);
      },
      (problem) => log('error', `${this.name} keeps its former certificate: ${problem}`),
    );
    // A peer that speaks no TLS, or none of ours, ends its own connection and nothing else.
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return server;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    if (isHealthCheck(request)) return this.#answerHealth(request, response);
    forward(request, response, this.#context);
  }

  #tunnel(request: IncomingMessage, socket: Socket, head: Buffer): void {
    this.#tunnels.add(socket);
    socket.once('close', () => this.#tunnels.delete(socket));
    forwardUpgrade(request, socket, head, this.#context);
  }

  #answerHealth(request: IncomingMessage, response: ServerResponse): void {
    const backends = this.#pool.healthyCount;
    const body = JSON.stringify({ status: backends > 0 ? 'ok' : 'unavailable', backends });
    if (this.#context.closing()) response.shouldKeepAlive = false;
    response.writeHead(backends > 0 ? 200 : 503, {
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(body)),
      'Cache-Control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
    request.resume();
  }

  #overflow(): void {
    if (this.#overflowing) return;
    this.#overflowing = true;
    this.#options.clock.after(10_000, () => {
      this.#overflowing = false;
    });
    this.#options.log(
      'warn',
      `${this.name} closes new connections: it has ${this.#options.limits.maxConnections}, its limit`,
    );
  }

  #cutAll(server: Server | SecureServer): void {
    server.closeAllConnections();
    for (const socket of this.#tunnels) socket.destroy();
  }

  get name(): string {
    return `listener ${this.#route.listener} of ${this.#route.app}`;
  }

  #url(): string {
    return `${schemeOf(this.#route)}://${this.#boundHost()}`;
  }

  #boundHost(): string {
    const port = this.#state.kind === 'open' ? this.#state.port : this.#route.port;
    return formatAddress({ kind: 'tcp', host: this.#route.host, port });
  }
}

function schemeOf({ tls }: WireRoute): 'http' | 'https' {
  return tls === undefined ? 'http' : 'https';
}

function isHealthCheck({ method, url }: IncomingMessage): boolean {
  return (
    (method === 'GET' || method === 'HEAD') &&
    (url === HEALTH_PATH || url?.startsWith(`${HEALTH_PATH}?`) === true)
  );
}
