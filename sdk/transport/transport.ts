import type { TraceContext } from '../call/trace-context.js';
import type { Reader } from '../codec/reader.js';
import type { Writer } from '../codec/writer.js';
import type { Executed, RemoteCallErrorCode } from '../errors/remote-call-error.js';

/** Who speaks: one running generation of one replica of one version of an app. */
export interface ReplicaIdentity {
  readonly app: string;
  readonly version: string;
  readonly group: string;
  readonly replica: string;
  /** Rises by one each time the replica is started. */
  readonly generation: number;
}

/** What travels with a call beside its arguments. */
export interface CallHeader {
  /** Milliseconds left when the call was sent: relative, so that clocks need not agree. */
  readonly timeoutMs: number | undefined;
  readonly trace: TraceContext | undefined;
  /** User metadata; at most 64 entries and 16 KiB in all. */
  readonly metadata: ReadonlyMap<string, string> | undefined;
  /** Of the routing key; undefined for a call that has none. */
  readonly keyHash: number | undefined;
}

/** A call as the caller's side hands it to a connection. */
export interface OutgoingCall {
  /** Position of the method in the app's compiled methods, the same on both sides of one version. */
  readonly method: number;
  readonly header: CallHeader;
  /** When `header.timeoutMs` ends, on the connection's clock, ms; by default that long from when it is sent. */
  readonly deadline?: number | undefined;
  readonly signal: AbortSignal | undefined;
  encodeArguments(writer: Writer): void;
  /** The result, or one item of a stream. */
  decodeResult(reader: Reader): unknown;
  /** The error that the component threw. */
  decodeThrown(reader: Reader): unknown;
  /**
   * Takes over when the call fails, with what it would have been rejected with. Of a stream it must reject: with what
   * the stream's reader should see. Called at most once.
   */
  recover?(reason: unknown): Promise<unknown>;
  /**
   * Whether the call is to be given up (UNKNOWN_OUTCOME) since the callee is silent and another may be asked. May be asked
   * several times while it is false. Absent: it waits.
   */
  mayMove?(): boolean;
}

/**
 * A call as it reaches the callee. Exactly one of `succeed`, `throw`, `reject` or `stream` answers it; answers to a
 * call whose caller has gone are dropped.
 */
export interface IncomingCall {
  readonly method: number;
  readonly header: CallHeader;
  /** On the connection's clock, ms; Infinity without one. */
  readonly deadlineAt: number;
  /** Over the arguments; valid only until `CallReceiver.receive` returns. */
  readonly arguments: Reader;
  /** Aborts on the caller's cancel, at the deadline, and when the connection is lost. Created on first use. */
  readonly signal: AbortSignal;
  /** The caller, as it named itself in the handshake. */
  readonly caller: ReplicaIdentity;
  succeed(encodeResult: (writer: Writer) => void): void;
  /** The same without a closure a call: `encodeResult` is given the value. */
  succeed<Value>(encodeResult: (writer: Writer, value: Value) => void, value: Value): void;
  /** Answers with an error of the app. */
  throw(encodeThrown: (writer: Writer) => void): void;
  throw<Value>(encodeThrown: (writer: Writer, thrown: Value) => void, thrown: Value): void;
  /** Answers with a failure of the runtime; `executed` says whether the method ran. */
  reject(code: RemoteCallErrorCode, message: string, executed: Executed): void;
  /**
   * Answers in the app's place that the outcome is not known, and aborts the signal; a stream ends. What answers it after
   * that is dropped, and still needed.
   */
  end(code: 'STALE_OWNER', message: string): void;
  /**
   * Answers with a stream: pulls items only while the caller grants credit; ends the iterator (`return`) when the caller
   * leaves or the connection is lost. Resolves when the stream is over, however it ended.
   */
  stream(
    items: AsyncIterable<unknown>,
    encodeItem: (writer: Writer, item: unknown) => void,
    encodeThrown: (writer: Writer, thrown: unknown) => void,
  ): Promise<void>;
}

export interface CallReceiver {
  /** Must not throw; must answer the call now or later. */
  receive(call: IncomingCall): void;
}

/** Bounds and times of a connection; every one has a default (limits.ts). */
export interface TransportLimits {
  /** Largest frame accepted or sent, bytes. A longer message is MESSAGE_TOO_LARGE and never sent. */
  readonly maxFrameBytes: number;
  /** Calls in flight per connection, on both sides; beyond it RESOURCE_EXHAUSTED. */
  readonly maxCallsInFlight: number;
  /** Bytes accepted but not yet taken by the socket; beyond it new calls get RESOURCE_EXHAUSTED. */
  readonly maxQueuedBytes: number;
  /** Items a stream's sender may be ahead of its reader; 256 at first, more while the reader consumes faster. */
  readonly streamWindowItems: number;
  /** Bytes of items a stream's sender may be ahead of its reader. */
  readonly streamWindowBytes: number;
  readonly handshakeTimeoutMs: number;
  /** A ping is sent after this long without a frame received. */
  readonly heartbeatIntervalMs: number;
  /** The connection is lost after this long without a frame received. */
  readonly heartbeatTimeoutMs: number;
  /**
   * A callee that owes an answer, was asked for a sign of life and gives none for this long is silent: calls that may
   * move go to another replica. The connection stays.
   */
  readonly silentAfterMs: number;
  /** Connections one server accepts. */
  readonly maxConnections: number;
}

/** The caller's side of one connection to one replica. */
export interface ClientConnection {
  readonly peer: ReplicaIdentity;
  /** `draining`: the peer takes no new calls, those in flight finish. */
  readonly state: 'open' | 'draining' | 'closed';
  /** Calls and streams in flight. */
  readonly outstanding: number;
  /** Those, and the calls that the callee refused lately: by this it is compared with other replicas. */
  readonly load: number;
  /** The callee owes answers and gives no sign of life. */
  readonly silent: boolean;
  /**
   * Rejects with a RemoteCallError of the runtime (its `executed` is exact), or with what `decodeThrown` gives. A
   * TypeViolation from `encodeArguments` is passed through unchanged, and nothing was sent.
   */
  call(call: OutgoingCall): Promise<unknown>;
  /** The call is sent at the first `next()`. Leaving the loop cancels it. */
  stream(call: OutgoingCall): AsyncIterable<unknown>;
  /** Called once per change to `draining` or `closed`. */
  onStateChange(listener: (state: 'draining' | 'closed', reason: Error | undefined) => void): void;
  /** Lets calls in flight finish, then closes; after `timeoutMs` what is left fails. */
  drain(timeoutMs: number): Promise<void>;
  /** Calls in flight fail with UNKNOWN_OUTCOME. */
  close(reason?: Error): void;
}

export interface TransportServer {
  readonly counters: {
    readonly connectionsAccepted: number;
    readonly connectionsOpen: number;
    /** By reason: `version`, `app`, `replica`, `generation`, `token`, `protocol`, `timeout`, `too-many-connections`. ONE-VERSION watches `version` and `app`. */
    readonly handshakesRefused: ReadonlyMap<string, number>;
    readonly protocolErrors: number;
    /** Calls refused since calls waited too long for the event loop (admission.ts). */
    readonly callsShed: number;
  };
  /** Tells callers to send no more, waits for the calls in flight, closes. After `timeoutMs` what is left is cut. */
  drain(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}
