import { connect as connectSocket, type Socket } from 'node:net';
import { RemoteCallError, type RemoteCallErrorCode } from '../errors/remote-call-error.js';
import { type Address, formatAddress } from '../protocol/address.js';
import { type LatencyOptions, pollAfterWrites } from './busy-poll.js';
import { LinkedClientConnection } from './client-connection.js';
import { type Clock, systemClock } from './clock.js';
import { type Compression, mayCompress } from './compression/compression.js';
import { FrameKind, NO_CALL, PROTOCOL_VERSION } from './frame.js';
import {
  decodeChallenge,
  decodeRefusal,
  decodeWelcome,
  encodeHello,
  equalInConstantTime,
  isRefusal,
  type Refusal,
  type RefusalReason,
  verifyCallee,
  type Welcome,
} from './handshake.js';
import { resolveLimits } from './limits.js';
import { Link, type LinkHandler } from './link.js';
import { needsProof, newNonce, type ProofInput, proofOf } from './proof.js';
import { plainMessage, protocolError } from './protocol-error.js';
import { type Receive, receiveInto } from './receive.js';
import type { ClientConnection, ReplicaIdentity, TransportLimits } from './transport.js';

export interface ConnectOptions {
  /** Who this side is. */
  readonly identity: ReplicaIdentity;
  /** Whom it means to reach; anybody else is refused. */
  readonly expect: ReplicaIdentity;
  /** What the callee wants its callers to know. */
  readonly token: string;
  readonly limits?: Partial<TransportLimits>;
  /** Default: the environment's WEAVERD_BUSY_POLL_MICROS, or off. */
  readonly latency?: LatencyOptions;
  /** Proves that it knows the token, and has the callee prove it, without sending it. Default: beyond loopback. */
  readonly proof?: boolean;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly compression?: Compression | undefined;
}

/** The peer is who it should be, but cannot serve us now. */
const PASSING_REASONS: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  'timeout',
  'too-many-connections',
]);

/**
 * Connects and shakes hands within `handshakeTimeoutMs`. Rejects with a RemoteCallError, executed `no`: UNAVAILABLE when
 * nobody (who has room) can be reached, VERSION_MISMATCH with the reason when the peer is or expects somebody else,
 * PROTOCOL_ERROR when it does not speak the protocol, CANCELLED by the signal.
 */
export function connect(address: Address, options: ConnectOptions): Promise<ClientConnection> {
  return new Promise((resolve, reject) => {
    const attempt = new Attempt(address, options, resolve, reject);
    attempt.start();
  });
}

class Attempt implements LinkHandler {
  readonly #address: Address;
  readonly #options: ConnectOptions;
  readonly #limits: TransportLimits;
  readonly #afterWrites: (() => void) | undefined;
  readonly #clock: Clock;
  readonly #resolve: (connection: ClientConnection) => void;
  readonly #reject: (error: Error) => void;
  #link: Link | undefined;
  #cancelTimer: (() => void) | undefined;
  /** What the callee's proof must be, once the caller's was sent. */
  #expectedProof: string | undefined;

  constructor(
    address: Address,
    options: ConnectOptions,
    resolve: (connection: ClientConnection) => void,
    reject: (error: Error) => void,
  ) {
    this.#address = address;
    this.#options = options;
    this.#limits = resolveLimits(options.limits);
    this.#afterWrites = pollAfterWrites(options.latency);
    this.#clock = options.clock ?? systemClock;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    const { token, signal, proof } = this.#options;
    if (signal?.aborted === true) {
      this.#reject(this.#error('CANCELLED', 'cancelled', signal.reason));
      return;
    }
    const { handshakeTimeoutMs } = this.#limits;
    const link = new Link(
      this.#dial((bytes, length) => link.received(bytes, length)),
      {
        limits: this.#limits,
        clock: this.#clock,
        whenFull: 'give-up',
        afterWrites: this.#afterWrites,
        compression: mayCompress(this.#address, this.#options.compression),
      },
      this,
    );
    this.#link = link;
    if (!(proof ?? needsProof(this.#address))) this.#hello(link, token);
    this.#cancelTimer = this.#clock.schedule(handshakeTimeoutMs, () =>
      this.#fail('UNAVAILABLE', `no answer within ${handshakeTimeoutMs} ms`),
    );
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  frame(kind: number, _callId: number, bytes: Buffer, start: number, end: number): void {
    const body = bytes.subarray(start, end);
    if (kind === FrameKind.CHALLENGE) {
      this.#answer(body);
      return;
    }
    if (kind === FrameKind.REFUSED) {
      const { reason, message } = decodeRefusal(body);
      const code = PASSING_REASONS.has(reason) ? 'UNAVAILABLE' : 'VERSION_MISMATCH';
      this.#fail(code, `the peer refused the connection (${reason}): ${message}`);
      return;
    }
    if (kind !== FrameKind.WELCOME) throw protocolError(`the first frame is of kind ${kind}, not WELCOME`);
    const welcome = decodeWelcome(body);
    const refusal = isRefusal(welcome) ? welcome : this.#verify(welcome);
    if (refusal !== undefined) {
      this.#fail('VERSION_MISMATCH', `the peer is not whom it should be: ${refusal.message}`);
    } else if (!isRefusal(welcome)) {
      this.#succeed(welcome);
    }
  }

  #hello(link: Link, token: string, nonce?: string): void {
    const { identity, expect } = this.#options;
    const { maxFrameBytes } = this.#limits;
    const hello = encodeHello({
      protocol: PROTOCOL_VERSION,
      caller: identity,
      callee: expect,
      token,
      nonce,
      maxFrameBytes,
      compression: mayCompress(this.#address, this.#options.compression),
    });
    link.outbox.send(FrameKind.HELLO, NO_CALL, (writer) => writer.writeRaw(hello));
  }

  /** The first frame of a callee that the token must not be sent to. */
  #answer(body: Buffer): void {
    const { identity, expect, token, proof } = this.#options;
    if (!(proof ?? needsProof(this.#address)) || this.#expectedProof !== undefined)
      throw protocolError('a CHALLENGE that was not waited for');
    const challenge = decodeChallenge(body);
    const link = this.#link;
    if (isRefusal(challenge)) this.#fail('VERSION_MISMATCH', challenge.message);
    else if (link !== undefined) {
      const callerNonce = newNonce();
      const said: Omit<ProofInput, 'side'> = {
        calleeNonce: challenge.nonce,
        callerNonce,
        caller: identity,
        callee: expect,
      };
      this.#expectedProof = proofOf(token, { side: 'callee', ...said });
      this.#hello(link, proofOf(token, { side: 'caller', ...said }), callerNonce);
    }
  }

  #verify(welcome: Welcome): Refusal | undefined {
    const { proof = needsProof(this.#address), expect } = this.#options;
    if (proof && !equalInConstantTime(welcome.proof ?? '', this.#expectedProof ?? 'none was asked for'))
      return { reason: 'token', message: 'the callee does not know the token' };
    return verifyCallee(expect, welcome.callee);
  }

  closed(reason: Error | undefined): void {
    if (reason instanceof RemoteCallError) {
      this.#settle(() => this.#reject(this.#error(reason.code, plainMessage(reason), reason)));
    }
    const why = reason?.message ?? 'the peer closed the connection before it answered';
    this.#settle(() => this.#reject(this.#error('UNAVAILABLE', why, reason)));
  }

  #dial(receive: Receive): Socket {
    const onread = receiveInto(receive);
    const address = this.#address;
    return address.kind === 'unix'
      ? connectSocket({ path: address.path, onread })
      : connectSocket({ host: address.host, port: address.port, onread });
  }

  #succeed(welcome: Welcome): void {
    const link = this.#link;
    if (link === undefined) return;
    this.#settle(() => {
      const connection = new LinkedClientConnection(welcome.callee, link, this.#limits, this.#clock);
      link.handler = connection;
      link.open(welcome.callee, welcome);
      this.#resolve(connection);
    });
  }

  #fail(code: RemoteCallErrorCode, message: string, cause?: unknown): void {
    this.#settle(() => this.#reject(this.#error(code, message, cause)));
    this.#link?.close(undefined);
  }

  #settle(settle: () => void): void {
    if (this.#cancelTimer === undefined) return;
    this.#cancelTimer();
    this.#cancelTimer = undefined;
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    settle();
  }

  readonly #onAbort = (): void => this.#fail('CANCELLED', 'cancelled', this.#options.signal?.reason);

  #error(code: RemoteCallErrorCode, message: string, cause: unknown): RemoteCallError {
    const { replica } = this.#options.expect;
    return new RemoteCallError(
      code,
      `cannot connect to ${replica} at ${formatAddress(this.#address)}: ${message}`,
      {
        executed: 'no',
        replica,
        cause,
      },
    );
  }
}
