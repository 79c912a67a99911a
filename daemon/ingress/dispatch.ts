import { Agent, type AgentOptions, type ClientRequest, request } from 'node:http';
import type { Address } from '../../sdk/protocol/address.js';
import type { Lease } from './backend-pool.js';
import type { Unavailable } from './client-exchange.js';
import type { ProxyContext } from './proxy-context.js';

/** The owner of a dispatch hears exactly one of these per {@link Dispatch.send}, `failed` only after `connected`. */
export interface DispatchHandlers {
  /** The head is on its way; the owner ends or aborts `upstream` and releases the lease. */
  connected(upstream: ClientRequest, lease: Lease): void;
  /** The request could not be made at all, such as for a header that may not be sent. */
  invalid(error: Error): void;
  unavailable(why: Unavailable): void;
  /** The connection failed after `connected`, before the answer or in it. May come more than once. */
  failed(error: Error, upstream: ClientRequest): void;
}

export interface OutgoingHead {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
}

// For what may not be sent twice, so that it never meets a connection that the backend is just closing; and for tunnels,
// whose ends close one by one.
const oneShotOptions: AgentOptions & { allowHalfOpen: boolean } = { keepAlive: false, allowHalfOpen: true };
const oneShot = new Agent(oneShotOptions);

/** Errors of this process, not of the backend. */
const OUT_OF_FILES = new Set(['EMFILE', 'ENFILE']);

/**
 * Finds a backend that takes a request. As long as no connection was made nothing was sent, so whatever the method, it
 * goes on to the next backend, or waits for one until the deadline.
 */
export class Dispatch {
  readonly #context: ProxyContext;
  readonly #head: OutgoingHead;
  readonly #handlers: DispatchHandlers;
  #deadline = 0;
  /** Undoes what is under way. */
  #abandon: () => void = () => undefined;
  #cancelled = false;

  constructor(context: ProxyContext, head: OutgoingHead, handlers: DispatchHandlers) {
    this.#context = context;
    this.#head = head;
    this.#handlers = handlers;
  }

  /** `reuse`: over a kept connection if there is one. Called again, to send again, after `failed` only. */
  send(reuse: boolean): void {
    this.#deadline = this.#context.clock.now() + this.#context.limits.backendWaitMs;
    this.#next(reuse);
  }

  #next(reuse: boolean): void {
    const { pool, clock } = this.#context;
    const lease = pool.pick();
    if (lease !== undefined) return this.#connect(lease, reuse);
    const left = this.#deadline - clock.now();
    if (left <= 0) return this.#handlers.unavailable('no-backend');
    this.#abandon = pool.wait(left, (outcome) => {
      this.#abandon = () => undefined;
      if (outcome === 'retry') this.#next(reuse);
      else this.#handlers.unavailable(outcome === 'full' ? 'too-many-waiting' : 'no-backend');
    });
  }

  /** Before `connected`: nothing is heard of it any more. */
  cancel(): void {
    this.#cancelled = true;
    this.#abandon();
    this.#abandon = () => undefined;
  }

  #connect(lease: Lease, reuse: boolean): void {
    let upstream: ClientRequest;
    try {
      upstream = request({
        ...socketOptions(lease.backend.address),
        agent: reuse ? lease.agent : oneShot,
        method: this.#head.method,
        path: this.#head.path,
        headers: this.#head.headers,
        maxHeaderSize: 4 * this.#context.limits.maxHeaderBytes,
      });
    } catch (reason) {
      lease.release();
      return this.#handlers.invalid(reason as Error);
    }
    let connected = false;
    const cancelTimer = this.#context.clock.after(this.#context.limits.connectTimeoutMs, () =>
      upstream.destroy(new Error('the backend did not accept the connection in time')),
    );
    this.#abandon = () => {
      cancelTimer();
      upstream.destroy();
      lease.release();
    };
    const onConnected = () => {
      cancelTimer();
      if (this.#cancelled) return;
      connected = true;
      this.#abandon = () => undefined;
      lease.connected();
      this.#handlers.connected(upstream, lease);
    };
    upstream.once('socket', (socket) => {
      if (socket.connecting) socket.once('connect', onConnected);
      else if (!socket.destroyed) onConnected();
    });
    upstream.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#cancelled) return;
      if (connected) return this.#handlers.failed(error, upstream);
      cancelTimer();
      this.#abandon = () => undefined;
      const outOfFiles = OUT_OF_FILES.has(error.code ?? '');
      if (!outOfFiles) lease.refused();
      lease.release();
      if (outOfFiles) this.#handlers.unavailable('out-of-files');
      else this.#next(reuse);
    });
  }
}

function socketOptions(address: Address): { socketPath: string } | { host: string; port: number } {
  return address.kind === 'unix' ? { socketPath: address.path } : { host: address.host, port: address.port };
}
