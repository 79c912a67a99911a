import { createServer, type Server, type Socket } from 'node:net';
import { RemoteCallError } from '../errors/remote-call-error.js';
import type { Address } from '../protocol/address.js';
import { type Admission, admissionFor } from './admission.js';
import { bind } from './bind.js';
import { type LatencyOptions, pollAfterWrites } from './busy-poll.js';
import { type Clock, systemClock } from './clock.js';
import { type Compression, mayCompress } from './compression/compression.js';
import { type EventLoop, systemLoop } from './event-loop.js';
import { FrameKind, NO_CALL, PROTOCOL_VERSION } from './frame.js';
import {
  decodeHello,
  encodeChallenge,
  encodeRefusal,
  encodeWelcome,
  isRefusal,
  type Refusal,
  type RefusalReason,
  verifyHello,
} from './handshake.js';
import { resolveLimits } from './limits.js';
import { Link, type LinkHandler } from './link.js';
import { LoopWatch } from './loop-watch.js';
import { needsProof, newNonce, proofOf } from './proof.js';
import { protocolError } from './protocol-error.js';
import { adoptAccepted } from './receive.js';
import { ServerConnection } from './server-connection.js';
import type { CallReceiver, ReplicaIdentity, TransportLimits, TransportServer } from './transport.js';

export interface ListenOptions {
  /** Who this side is. */
  readonly identity: ReplicaIdentity;
  /** What callers must know. */
  readonly token: string;
  readonly receiver: CallReceiver;
  readonly limits?: Partial<TransportLimits>;
  /** Default: the environment's WEAVERD_BUSY_POLL_MICROS, or off. */
  readonly latency?: LatencyOptions;
  /** Callers prove that they know the token instead of sending it. Default: beyond the loopback interface. */
  readonly proof?: boolean;
  /** A peer sent what is not the protocol, or a connection could not be accepted. */
  readonly onProtocolError?: (error: RemoteCallError) => void;
  readonly clock?: Clock;
  readonly compression?: Compression | undefined;
  /**
   * How long calls of a caller whose calls grow without end may wait for the event loop before they are refused, ms; 0: for ever. Default: the
   * environment's WEAVERD_MAX_QUEUE_DELAY_MS, or 40.
   */
  readonly maxQueueDelayMs?: number;
  readonly loop?: EventLoop;
}

/** A refused peer has this long to read why. */
const LINGER_MS = 1_000;
/** Refused peers that may linger; further ones are cut off at once. */
const MAX_LINGERING = 64;

const IGNORING: LinkHandler = { frame: () => {}, closed: () => {} };

/**
 * Accepts callers. A TCP port of 0 becomes a free one, told in `address`; a Unix socket is open to this user only,
 * and a stale one is replaced. Rejects with an error that names the address when it cannot be had.
 */
export async function listen(
  address: Address,
  options: ListenOptions,
): Promise<TransportServer & { readonly address: Address }> {
  const acceptor = new Acceptor(address, options);
  const server = createServer({ pauseOnConnect: true }, (socket) => acceptor.accept(socket));
  const bound = await bind(server, address);
  server.on('error', (error) => acceptor.report(RemoteCallError.from(error, 'RESOURCE_EXHAUSTED')));
  return new SocketServer(server, acceptor, bound);
}

class SocketServer implements TransportServer {
  readonly #server: Server;
  readonly #acceptor: Acceptor;

  constructor(
    server: Server,
    acceptor: Acceptor,
    readonly address: Address,
  ) {
    this.#server = server;
    this.#acceptor = acceptor;
  }

  get counters(): TransportServer['counters'] {
    return this.#acceptor.counters;
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#acceptor.drain();
    const cancelTimer = this.#acceptor.clock.schedule(timeoutMs, () => this.#acceptor.close());
    await this.#closed();
    cancelTimer();
  }

  async close(): Promise<void> {
    this.#acceptor.close();
    await this.#closed();
  }

  /** No new connections; resolves when the last has ended. */
  #closed(): Promise<void> {
    return new Promise((resolve) => {
      // An error here says that it was closed before: what was asked for.
      this.#server.close(() => resolve());
    });
  }
}

/** The connections of one server, from accepting them to their end. */
class Acceptor {
  readonly clock: Clock;
  readonly #options: ListenOptions;
  readonly #wantsProof: boolean;
  readonly #limits: TransportLimits;
  readonly #afterWrites: (() => void) | undefined;
  readonly #compression: boolean;
  readonly #admission: Admission | undefined;
  readonly #handshaking = new Set<Link>();
  readonly #lingering = new Set<Link>();
  readonly #open = new Set<ServerConnection>();
  readonly #refused = new Map<RefusalReason, number>();
  #accepted = 0;
  #protocolErrors = 0;
  #draining = false;

  constructor(address: Address, options: ListenOptions) {
    this.#wantsProof = options.proof ?? needsProof(address);
    this.#compression = mayCompress(address, options.compression);
    this.clock = options.clock ?? systemClock;
    this.#options = options;
    this.#limits = resolveLimits(options.limits);
    this.#afterWrites = pollAfterWrites(options.latency);
    this.#admission = admissionFor(
      options.maxQueueDelayMs,
      new LoopWatch(options.loop ?? systemLoop, this.clock),
    );
  }

  get counters(): TransportServer['counters'] {
    return {
      connectionsAccepted: this.#accepted,
      connectionsOpen: this.#open.size,
      handshakesRefused: new Map(this.#refused),
      protocolErrors: this.#protocolErrors,
      callsShed: this.#admission?.refused ?? 0,
    };
  }

  accept(accepted: Socket): void {
    const link: Link = new Link(
      adoptAccepted(accepted, (bytes, length) => link.received(bytes, length)),
      {
        limits: this.#limits,
        clock: this.clock,
        whenFull: 'stop-reading',
        afterWrites: this.#afterWrites,
        compression: this.#compression,
      },
      IGNORING,
    );
    if (this.#draining) {
      link.close(undefined);
      return;
    }
    if (this.#open.size + this.#handshaking.size >= this.#limits.maxConnections) {
      const message = `${this.#limits.maxConnections} connections are open already`;
      this.#refuse(link, { reason: 'too-many-connections', message });
      return;
    }
    this.#handshaking.add(link);
    const cancelTimer = this.clock.schedule(this.#limits.handshakeTimeoutMs, () => {
      const message = `no HELLO within ${this.#limits.handshakeTimeoutMs} ms`;
      this.#refuse(link, { reason: 'timeout', message });
    });
    const nonce = this.#wantsProof ? this.#challenge(link) : undefined;
    link.handler = {
      frame: (kind, _callId, bytes, start, end) => {
        cancelTimer();
        this.#shakeHands(link, kind, bytes.subarray(start, end), nonce);
      },
      closed: (reason) => {
        cancelTimer();
        this.#handshaking.delete(link);
        if (this.#reportIfProtocolError(reason)) this.#countRefusal('protocol');
      },
    };
  }

  drain(): void {
    this.#draining = true;
    for (const link of [...this.#handshaking, ...this.#lingering]) link.close(undefined);
    for (const connection of this.#open) connection.drain();
  }

  close(): void {
    this.#draining = true;
    for (const link of [...this.#handshaking, ...this.#lingering]) link.close(undefined);
    for (const connection of [...this.#open]) connection.close();
  }

  report(error: RemoteCallError): void {
    this.#options.onProtocolError?.(error);
  }

  #challenge(link: Link): string {
    const nonce = newNonce();
    const body = encodeChallenge({ protocol: PROTOCOL_VERSION, nonce });
    link.outbox.send(FrameKind.CHALLENGE, NO_CALL, (writer) => writer.writeRaw(body));
    return nonce;
  }

  #shakeHands(link: Link, kind: number, body: Buffer, calleeNonce: string | undefined): void {
    if (kind !== FrameKind.HELLO) throw protocolError(`the first frame is of kind ${kind}, not HELLO`);
    const { identity, token, receiver } = this.#options;
    const hello = decodeHello(body);
    if (isRefusal(hello)) {
      this.#refuse(link, hello);
      return;
    }
    const prove = (side: 'caller' | 'callee') =>
      calleeNonce === undefined
        ? undefined
        : proofOf(token, {
            side,
            calleeNonce,
            callerNonce: hello.nonce ?? '',
            caller: hello.caller,
            callee: hello.callee,
          });
    const refusal = verifyHello(hello, identity, prove('caller') ?? token);
    if (refusal !== undefined) {
      this.#refuse(link, refusal);
      return;
    }
    const { maxFrameBytes } = this.#limits;
    const welcome = encodeWelcome({
      protocol: PROTOCOL_VERSION,
      callee: identity,
      proof: prove('callee'),
      maxFrameBytes,
      compression: this.#compression,
    });
    link.outbox.send(FrameKind.WELCOME, NO_CALL, (writer) => writer.writeRaw(welcome));
    const connection = new ServerConnection(hello.caller, link, {
      receiver,
      limits: this.#limits,
      clock: this.clock,
      admission: this.#admission,
      onClosed: (closed, reason) => {
        this.#open.delete(closed);
        this.#reportIfProtocolError(reason);
      },
    });
    this.#handshaking.delete(link);
    this.#open.add(connection);
    this.#accepted++;
    link.handler = connection;
    link.open(hello.caller, hello);
  }

  #refuse(link: Link, refusal: Refusal): void {
    this.#countRefusal(refusal.reason);
    this.#handshaking.delete(link);
    link.handler = IGNORING;
    if (this.#lingering.size >= MAX_LINGERING) {
      link.close(undefined);
      return;
    }
    this.#lingering.add(link);
    const cancelTimer = this.clock.schedule(LINGER_MS, () => link.close(undefined));
    link.handler = {
      frame: () => {},
      closed: () => {
        cancelTimer();
        this.#lingering.delete(link);
      },
    };
    link.discardInput();
    const body = encodeRefusal(refusal);
    link.outbox.send(FrameKind.REFUSED, NO_CALL, (writer) => writer.writeRaw(body));
    link.end();
  }

  #countRefusal(reason: RefusalReason): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }

  /** Errors of the network are the caller's to deal with; ours and the protocol's are reported. */
  #reportIfProtocolError(reason: Error | undefined): boolean {
    if (!(reason instanceof RemoteCallError)) return false;
    this.report(reason);
    if (reason.code !== 'PROTOCOL_ERROR') return false;
    this.#protocolErrors++;
    return true;
  }
}
