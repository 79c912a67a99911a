import type { Reader } from '../codec/reader.js';
import { MalformedInput } from '../codec/violations.js';
import { RemoteCallError } from '../errors/remote-call-error.js';
import { type AbortListener, listenForAbort, stopListening } from './abort-fanout.js';
import type { Grant } from './flow-control.js';
import type { LargeMessage } from './large-messages.js';
import type { OutgoingCall } from './transport.js';

/** What a pending call needs of its connection. */
export interface CallOwner {
  /** Sends it. Throws why it was not sent. */
  open(call: PendingCall): void;
  /** Tells the callee that nobody waits any more. Returns whether the call was certainly not executed. */
  abandon(call: PendingCall): boolean;
  grant(call: PendingCall, grant: Grant): void;
}

/** A call in flight, at the caller. */
export abstract class PendingCall implements AbortListener {
  callId = 0;
  /** Of its frame, counted from the connection's first byte. */
  startOffset = 0;
  /** Infinity until it is encoded. */
  endOffset = Number.POSITIVE_INFINITY;
  deadlineAt = Number.POSITIVE_INFINITY;
  /** When it is sent in chunks: the offsets are then here. */
  large: LargeMessage | undefined;

  constructor(
    readonly outgoing: OutgoingCall,
    protected readonly owner: CallOwner,
  ) {}

  /** First credit, when the call opens a stream. */
  abstract readonly credit: Grant | undefined;

  /** These three may throw PROTOCOL_ERROR when the connection must end. */
  abstract result(reader: Reader): void;
  abstract item(reader: Reader): void;
  abstract end(): void;

  /** The answer is an error: it comes after all items that arrived. */
  abstract fail(error: unknown): void;
  /** The caller or the clock ends the call: what it has not consumed is dropped. */
  protected abstract failNow(error: RemoteCallError): void;

  /** From here on the signal cancels it. */
  listen(): void {
    const { signal } = this.outgoing;
    if (signal !== undefined) listenForAbort(signal, this);
  }

  stopListening(): void {
    const { signal } = this.outgoing;
    if (signal !== undefined) stopListening(signal, this);
  }

  onAbort(signal: AbortSignal): void {
    this.giveUp('CANCELLED', 'the call was cancelled', signal.reason);
  }

  /** The callee is silent. A long message is left to go on: its slow link may be what is heard nothing over. */
  moveAway(): void {
    if (this.large !== undefined || this.outgoing.mayMove?.() !== true) return;
    this.giveUp('UNKNOWN_OUTCOME', 'the replica gives no sign of life');
  }

  giveUp(
    code: 'CANCELLED' | 'DEADLINE_EXCEEDED' | 'PROTOCOL_ERROR' | 'UNKNOWN_OUTCOME',
    message: string,
    cause?: unknown,
  ): void {
    const unsent = this.owner.abandon(this);
    this.failNow(new RemoteCallError(code, message, { executed: unsent ? 'no' : 'unknown', cause }));
  }
}

/** Decodes a whole body. Throws PROTOCOL_ERROR, which concerns this call only, for one that is malformed. */
export function decodeBody(outgoing: OutgoingCall, what: 'result' | 'thrown', reader: Reader): unknown {
  try {
    const value = what === 'result' ? outgoing.decodeResult(reader) : outgoing.decodeThrown(reader);
    reader.finish();
    return value;
  } catch (error) {
    if (!(error instanceof MalformedInput)) throw error;
    throw new RemoteCallError('PROTOCOL_ERROR', `the answer is malformed: ${error.message}`, {
      executed: 'yes',
      cause: error,
    });
  }
}

/** A call with one result. */
export class UnaryCall extends PendingCall {
  readonly credit = undefined;
  #failed = false;

  constructor(
    outgoing: OutgoingCall,
    owner: CallOwner,
    private readonly resolve: (value: unknown) => void,
    private readonly reject: (error: unknown) => void,
  ) {
    super(outgoing, owner);
  }

  result(reader: Reader): void {
    try {
      this.resolve(decodeBody(this.outgoing, 'result', reader));
    } catch (error) {
      this.fail(error);
    }
  }

  item(): void {
    this.giveUp('PROTOCOL_ERROR', 'the callee answered with a stream, not with a result');
  }

  end(): void {
    this.fail(new RemoteCallError('PROTOCOL_ERROR', 'the callee ended a stream that it never opened'));
  }

  fail(error: unknown): void {
    if (this.outgoing.recover === undefined) return this.reject(error);
    if (this.#failed) return;
    this.#failed = true;
    this.resolve(this.outgoing.recover(error));
  }

  protected failNow(error: RemoteCallError): void {
    this.fail(error);
  }
}
