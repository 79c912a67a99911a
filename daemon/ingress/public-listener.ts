import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { formatAddress } from '../../sdk/protocol/address.js';
import { AccessCounters } from './access-counters.js';
import type { AccessEntry } from './access-log.js';
import { BackendPool } from './backend-pool.js';
import { backoffMs } from './backoff.js';
import type { ClientExchange } from './client-exchange.js';
import { forward } from './forwarding.js';
import type { WireRoute } from './ingress-protocol.js';
import type { IngressClock, IngressListenerStatus } from './ingress-routes.js';
import { ListenerServer } from './listener-server.js';
import { openFailure } from './open-failure.js';
import type { ProxyContext } from './proxy-context.js';
import type { ProxyLimits } from './proxy-limits.js';
import type { ReceivedHead } from './request-head.js';
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
  readonly accessLog: (entry: AccessEntry) => void;
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
  #server: ListenerServer | undefined;
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
      access: {
        app: route.app,
        listener: route.listener,
        counters: this.#counters,
        log: (entry) => {
          if (this.#route.accessLog === true) options.accessLog(entry);
        },
      },
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
    const cut = setTimeout(() => this.#cutTunnels(), drainMs);
    await this.#server?.close(drainMs);
    clearTimeout(cut);
    this.#pool.close();
  }

  #listen(port: number): void {
    let server: ListenerServer;
    try {
      server = this.#createServer(port);
    } catch (reason) {
      const why = reason instanceof Error ? reason.message : String(reason);
      return this.#failed(`${why} ([listeners.${this.#route.listener}] tls in weaver.toml)`);
    }
    this.#server = server;
    server.listen(this.#route.host, port, (bound) => {
      if (this.#state.kind === 'closing') return void server.close(0);
      this.#attempts = 0;
      this.#state = { kind: 'open', port: bound };
      this.#options.log('info', `${this.name} is open at ${this.#url()}`);
      this.#options.onChange();
    });
  }

  #notListening(error: NodeJS.ErrnoException, port: number): void {
    void this.#server?.close(0);
    if (this.#state.kind === 'closing') return;
    // A port that was only preferred is given up at once.
    if (this.#route.port === 0 && port !== 0) return this.#listen(0);
    const { listener, host } = this.#route;
    const owner = this.#options.ownerOf(host, port);
    this.#failed(openFailure(error, { listener, host, port, owner }));
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
  #createServer(port: number): ListenerServer {
    const { clock, log } = this.#options;
    return new ListenerServer({
      context: this.#context,
      tls: this.#route.tls,
      clock,
      log: (level, message) => log(level, `${this.name} ${message}`),
      onExchange: (exchange) => this.#serve(exchange),
      onUpgrade: (request, socket, head) => this.#tunnel(request, socket, head),
      onOverflow: () => this.#overflow(),
      onError: (error, isListening) => {
        if (isListening) log('error', `${this.name}: ${error.message}`);
        else this.#notListening(error, port);
      },
    });
  }

  #serve(exchange: ClientExchange): void {
    if (isHealthCheck(exchange.received)) return this.#answerHealth(exchange);
    forward(exchange, this.#context);
  }

  #tunnel(request: IncomingMessage, socket: Socket, head: Buffer): void {
    this.#tunnels.add(socket);
    socket.once('close', () => this.#tunnels.delete(socket));
    forwardUpgrade(request, socket, head, this.#context);
  }

  #answerHealth(exchange: ClientExchange): void {
    const backends = this.#pool.healthyCount;
    const body = JSON.stringify({ status: backends > 0 ? 'ok' : 'unavailable', backends });
    if (this.#context.closing()) exchange.endConnection();
    exchange.writeHead(backends > 0 ? 200 : 503, '', [
      ...['Content-Type', 'application/json', 'Content-Length', String(Buffer.byteLength(body))],
      ...['Cache-Control', 'no-store'],
    ]);
    exchange.answerBody.end(exchange.received.method === 'HEAD' ? undefined : body);
    exchange.requestBody.resume();
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

  #cutTunnels(): void {
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

function isHealthCheck({ method, url }: ReceivedHead): boolean {
  return (
    (method === 'GET' || method === 'HEAD') && (url === HEALTH_PATH || url.startsWith(`${HEALTH_PATH}?`))
  );
}
