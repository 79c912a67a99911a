import { Reader } from '../codec/reader.js';
import { MessageTooLarge } from '../codec/violations.js';
import type { Writer } from '../codec/writer.js';
import { RemoteCallError, type RemoteCallErrorCode } from '../errors/remote-call-error.js';
import { withoutStack } from '../errors/stackless.js';
import { Backlog } from './backlog.js';
import { encodeCallHeader } from './call-header.js';
import { CallTable } from './call-table.js';
import type { Clock } from './clock.js';
import { DeadlineSweep } from './deadline-sweep.js';
import { decodeFailure, noAnswerWithin } from './failure.js';
import type { Grant } from './flow-control.js';
import { FrameKind, NO_CALL } from './frame.js';
import type { Link, LinkHandler } from './link.js';
import { type CallOwner, decodeBody, type PendingCall, UnaryCall } from './pending-call.js';
import { protocolError } from './protocol-error.js';
import { SilenceWatch } from './silence-watch.js';
import { StreamReader } from './stream-reader.js';
import { Throttle } from './throttle.js';
import type { ClientConnection, OutgoingCall, ReplicaIdentity, TransportLimits } from './transport.js';

type State =
  | { readonly kind: 'open' }
  | { readonly kind: 'draining'; readonly by: 'caller' | 'callee' }
  | { readonly kind: 'closed'; readonly reason: Error | undefined };

type StateListener = (state: 'draining' | 'closed', reason: Error | undefined) => void;

/** Holds the slot of a call that nobody waits for, until its final frame shows that the callee has let go of it. */
const ABANDONED = Symbol('abandoned');

const NO_BYTES = Buffer.alloc(0);

let resolveNew: (value: unknown) => void = () => {};
let rejectNew: (error: unknown) => void = () => {};
/** One executor for all promises: a closure less a call. */
function captureSettlers(resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
  resolveNew = resolve;
  rejectNew = reject;
}

/** The caller's side of a connection whose handshake is done. */
export class LinkedClientConnection implements ClientConnection, CallOwner, LinkHandler {
  readonly peer: ReplicaIdentity;
  readonly #link: Link;
  readonly #limits: TransportLimits;
  readonly #clock: Clock;
  readonly #calls: CallTable<PendingCall | typeof ABANDONED>;
  readonly #sweep: DeadlineSweep;
  readonly #silence: SilenceWatch;
  /** Over the frame being handled. */
  readonly #reader = new Reader(NO_BYTES);
  readonly #listeners: StateListener[] = [];
  #state: State = { kind: 'open' };
  #abandoned = 0;
  #goawayAnswered = false;
  readonly #backlog = new Backlog((grows) => this.#tellBacklog(grows));
  /** While it grows and the callee refuses calls. */
  #throttle: Throttle | undefined;

  constructor(peer: ReplicaIdentity, link: Link, limits: TransportLimits, clock: Clock) {
    this.peer = peer;
    this.#link = link;
    this.#limits = limits;
    this.#clock = clock;
    this.#calls = new CallTable(limits.maxCallsInFlight);
    link.outbox.lone = () => this.#calls.size <= 1;
    this.#sweep = new DeadlineSweep(clock, (now) => this.#expire(now));
    this.#silence = new SilenceWatch({
      clock,
      silentAfterMs: limits.silentAfterMs,
      heardAt: () => link.heardAt,
      owesAnswer: () => this.outstanding > 0,
      ask: () => link.outbox.sendEmpty(FrameKind.PING, NO_CALL),
      onSilent: () => this.#moveAway(),
    });
  }

  get state(): 'open' | 'draining' | 'closed' {
    return this.#state.kind;
  }

  get outstanding(): number {
    return this.#calls.size - this.#abandoned;
  }

  get silent(): boolean {
    return this.#silence.isSilent;
  }

  get load(): number {
    return this.outstanding + (this.#throttle?.refused ?? 0);
  }

  call(outgoing: OutgoingCall): Promise<unknown> {
    const promise = new Promise(captureSettlers);
    const call = new UnaryCall(outgoing, this, resolveNew, rejectNew);
    try {
      this.open(call);
    } catch (error) {
      call.fail(error);
    }
    return promise;
  }

  stream(outgoing: OutgoingCall): AsyncIterable<unknown> {
    const { streamWindowItems: items, streamWindowBytes: bytes } = this.#limits;
    return new StreamReader(outgoing, this, { items, bytes });
  }

  onStateChange(listener: StateListener): void {
    this.#listeners.push(listener);
  }

  drain(timeoutMs: number): Promise<void> {
    if (this.#state.kind === 'closed') return Promise.resolve();
    return new Promise((resolve) => {
      const cancelTimer = this.#clock.schedule(timeoutMs, () =>
        this.close(new Error(`calls were still in flight after the ${timeoutMs} ms given to drain`)),
      );
      this.onStateChange((state) => {
        if (state !== 'closed') return;
        cancelTimer();
        resolve();
      });
      this.#startDraining('caller');
      this.#endWhenIdle();
    });
  }

  close(reason?: Error): void {
    this.#link.close(reason);
  }

  open(call: PendingCall): void {
    const { outgoing, credit } = call;
    this.#admit(outgoing);
    const { outbox } = this.#link;
    const callId = this.#calls.add(call);
    call.callId = callId;
    call.startOffset = outbox.offset;
    try {
      const start = outbox.begin(credit === undefined ? FrameKind.CALL : FrameKind.OPEN_STREAM, callId);
      try {
        encodeCall(outbox.writer, outgoing, credit);
      } catch (error) {
        throw outbox.rollBack(start, error);
      }
      call.endOffset = outbox.offset;
      call.large = outbox.commit(start);
    } catch (error) {
      this.#calls.remove(callId);
      if (!(error instanceof MessageTooLarge)) throw error;
      throw this.#notSent('MESSAGE_TOO_LARGE', error.message, error);
    }
    if (this.#calls.get(callId) !== call) return;
    const { timeoutMs } = outgoing.header;
    if (timeoutMs !== undefined) {
      call.deadlineAt = outgoing.deadline ?? this.#clock.now() + timeoutMs;
      this.#sweep.arm(call.deadlineAt);
    }
    this.#silence.arm();
    call.listen();
  }

  abandon(call: PendingCall): boolean {
    call.stopListening();
    if (this.#calls.get(call.callId) !== call) return false;
    const { outbox } = this.#link;
    const { large } = call;
    const unsent =
      large === undefined
        ? outbox.withdraw(call.startOffset, FrameKind.WITHDRAWN)
        : outbox.withdrawLarge(large);
    if (unsent) {
      this.#calls.remove(call.callId);
      // The callee forgets the part that it has.
      if (large !== undefined && large.position > large.start)
        outbox.sendEmpty(FrameKind.CANCEL, call.callId);
    } else {
      this.#calls.replace(call.callId, ABANDONED);
      this.#abandoned++;
      outbox.sendEmpty(FrameKind.CANCEL, call.callId);
    }
    this.#endWhenIdle();
    return unsent;
  }

  grant(call: PendingCall, { items, bytes }: Grant): void {
    this.#link.outbox.send(FrameKind.CREDIT, call.callId, (writer) => {
      writer.writeUint32(items);
      writer.writeUint32(bytes);
    });
  }

  read(_unreadSince: number, now: number): void {
    this.#backlog.look(this.#calls.size, this.#calls.removed, now);
  }

  frame(kind: number, callId: number, bytes: Buffer, start: number, end: number): void {
    switch (kind) {
      case FrameKind.RESULT:
      case FrameKind.THROWN:
      case FrameKind.FAILURE:
      case FrameKind.END:
        this.#finish(kind, callId, this.#read(bytes, start, end));
        return;
      case FrameKind.ITEM: {
        const call = this.#calls.get(callId);
        if (call !== undefined && call !== ABANDONED) call.item(this.#read(bytes, start, end));
        return;
      }
      case FrameKind.GOAWAY:
        if (this.#goawayAnswered) return;
        this.#goawayAnswered = true;
        this.#startDraining('callee');
        // It says that no call follows: also none that waits to be sent in chunks.
        this.#link.outbox.afterLarge(() => this.#link.outbox.sendEmpty(FrameKind.GOAWAY, NO_CALL));
        return;
      default:
        throw protocolError(`a callee does not send frames of kind ${kind}`);
    }
  }

  #read(bytes: Buffer, start: number, end: number): Reader {
    const reader = this.#reader;
    reader.bytes = bytes;
    reader.position = start;
    reader.end = end;
    return reader;
  }

  closed(reason: Error | undefined): void {
    this.#state = { kind: 'closed', reason };
    this.#sweep.stop();
    this.#silence.stop();
    this.#calls.forEach((call) => {
      if (call === ABANDONED) return;
      this.#calls.remove(call.callId);
      call.stopListening();
      call.fail(this.#lost(call, reason));
    });
    for (const listener of this.#listeners) listener('closed', reason);
  }

  #admit({ signal, header }: OutgoingCall): void {
    if (signal?.aborted === true) {
      throw this.#notSent('CANCELLED', 'the call was cancelled before it was sent', signal.reason);
    }
    if (header.timeoutMs !== undefined && header.timeoutMs <= 0) {
      throw this.#notSent('DEADLINE_EXCEEDED', 'the deadline passed before the call was sent');
    }
    if (this.#state.kind === 'closed') {
      throw this.#notSent('UNAVAILABLE', 'the connection is closed', this.#state.reason);
    }
    if (this.#state.kind === 'draining') {
      throw this.#notSent('UNAVAILABLE', `the ${this.#state.by} is draining: it takes no new calls`);
    }
    if (this.#calls.full) {
      this.#backlog.overflowed();
      throw this.#notSent(
        'RESOURCE_EXHAUSTED',
        `${this.#limits.maxCallsInFlight} calls are in flight already: the callee is overloaded, or calls go in a circle`,
      );
    }
    if (this.#throttle?.rejects(this.#clock.now()) === true) {
      this.#backlog.refused(this.#clock.now());
      throw this.#notSent('RESOURCE_EXHAUSTED', 'the callee refuses most calls: it is overloaded');
    }
    const { outbox } = this.#link;
    if (!outbox.hasRoom) {
      throw this.#notSent('RESOURCE_EXHAUSTED', `${outbox.queuedBytes} bytes wait to be sent already`);
    }
  }

  #finish(kind: number, callId: number, reader: Reader): void {
    const call = this.#calls.remove(callId);
    if (call === undefined) return;
    if (call === ABANDONED) {
      this.#abandoned--;
      return;
    }
    call.stopListening();
    if (kind !== FrameKind.FAILURE) this.#throttle?.accepted();
    if (kind === FrameKind.RESULT) call.result(reader);
    else if (kind === FrameKind.END) call.end();
    else call.fail(this.#errorOf(kind, call, reader));
    if (this.#calls.size === 0 && this.#backlog.awaitsEnd) {
      this.#backlog.ended(this.#calls.removed, this.#link.heardAt);
    }
    this.#endWhenIdle();
  }

  #errorOf(kind: number, call: PendingCall, reader: Reader): unknown {
    try {
      if (kind === FrameKind.THROWN) return decodeBody(call.outgoing, 'thrown', reader);
      const { code, message, executed } = decodeFailure(reader);
      const refused = code === 'RESOURCE_EXHAUSTED' && executed === 'no';
      if (!refused) this.#throttle?.accepted();
      else this.#refused(this.#link.heardAt);
      // The stack would be that of the socket.
      return withoutStack(() => new RemoteCallError(code, message, { executed, replica: this.peer.replica }));
    } catch (error) {
      return RemoteCallError.from(error, 'PROTOCOL_ERROR', { executed: 'yes' });
    }
  }

  #refused(now: number): void {
    this.#backlog.refused(now);
    if (this.#backlog.grows) this.#throttle ??= new Throttle(now);
  }

  #tellBacklog(grows: boolean): void {
    this.#throttle = undefined;
    this.#link.outbox.sendEmpty(grows ? FrameKind.GROWS : FrameKind.SETTLED, NO_CALL);
  }

  #expire(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    this.#calls.forEach((call) => {
      if (call === ABANDONED) return;
      if (call.deadlineAt > now) next = Math.min(next, call.deadlineAt);
      else call.giveUp('DEADLINE_EXCEEDED', noAnswerWithin(call.outgoing.header.timeoutMs));
    });
    return next;
  }

  #moveAway(): void {
    this.#calls.forEach((call) => {
      if (call !== ABANDONED) call.moveAway();
    });
  }

  #startDraining(by: 'caller' | 'callee'): void {
    if (this.#state.kind !== 'open') return;
    this.#state = { kind: 'draining', by };
    for (const listener of this.#listeners) listener('draining', undefined);
  }

  #endWhenIdle(): void {
    if (this.#state.kind !== 'draining' || this.outstanding > 0) return;
    if (this.#state.by === 'caller') this.#link.end();
  }

  #lost(call: PendingCall, reason: Error | undefined): RemoteCallError {
    const why = reason === undefined ? '' : `: ${reason.message}`;
    if ((call.large ?? call).endOffset > this.#link.outbox.handedOverBytes) {
      return this.#notSent('UNAVAILABLE', `the connection was lost before the call was sent${why}`, reason);
    }
    return new RemoteCallError('UNKNOWN_OUTCOME', `the connection was lost before the answer came${why}`, {
      replica: this.peer.replica,
      executed: 'unknown',
      cause: reason,
    });
  }

  #notSent(code: RemoteCallErrorCode, message: string, cause?: unknown): RemoteCallError {
    return withoutStack(
      () => new RemoteCallError(code, message, { replica: this.peer.replica, executed: 'no', cause }),
    );
  }
}

function encodeCall(writer: Writer, outgoing: OutgoingCall, credit: Grant | undefined): void {
  if (credit !== undefined) {
    writer.writeUint32(credit.items);
    writer.writeUint32(credit.bytes);
  }
  writer.reserve(2);
  writer.bytes[writer.position++] = outgoing.method;
  writer.bytes[writer.position++] = outgoing.method >>> 8;
  encodeCallHeader(writer, outgoing.header);
  outgoing.encodeArguments(writer);
}
