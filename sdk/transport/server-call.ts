import type { Reader } from '../codec/reader.js';
import { MessageTooLarge, TypeViolation } from '../codec/violations.js';
import type { Writer } from '../codec/writer.js';
import {
  type Executed,
  plainMessage,
  RemoteCallError,
  type RemoteCallErrorCode,
} from '../errors/remote-call-error.js';
import { encodeFailure, type Failure } from './failure.js';
import type { SendCredit } from './flow-control.js';
import { FrameKind } from './frame.js';
import type { Outbox } from './outbox.js';
import { type StreamPort, StreamSender } from './stream-sender.js';
import type { CallHeader, IncomingCall, ReplicaIdentity } from './transport.js';

/** What a call needs of its connection. */
export interface AnswerOwner {
  readonly peer: ReplicaIdentity;
  readonly outbox: Outbox;
  /** The final frame was sent: the caller may use the call id again. */
  release(call: ServerCall): void;
  /** The app's code has answered: the call no longer counts as running. */
  finished(call: ServerCall): void;
}

type Encode = (writer: Writer, value: unknown) => void;

/** A call at the callee, from its frame to its answer. */
export class ServerCall implements IncomingCall, StreamPort {
  deadlineAt = Number.POSITIVE_INFINITY;
  readonly #owner: AnswerOwner;
  readonly #credit: SendCredit | undefined;
  #answered = false;
  /** Why nobody waits any more. */
  #gone: RemoteCallError | undefined;
  #controller: AbortController | undefined;
  #sender: StreamSender | undefined;

  constructor(
    owner: AnswerOwner,
    readonly callId: number,
    readonly method: number,
    readonly header: CallHeader,
    readonly args: Reader,
    credit: SendCredit | undefined,
  ) {
    this.#owner = owner;
    this.#credit = credit;
  }

  get answered(): boolean {
    return this.#answered;
  }

  get arguments(): Reader {
    return this.args;
  }

  get caller(): ReplicaIdentity {
    return this.#owner.peer;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#gone !== undefined) this.#controller.abort(this.#gone);
    }
    return this.#controller.signal;
  }

  succeed<Value>(encodeResult: (writer: Writer, value: Value) => void, value?: Value): void;
  succeed(encodeResult: Encode, value?: unknown): void {
    this.#answer();
    this.#sendWhenRoom(FrameKind.RESULT, encodeResult, value);
  }

  throw<Value>(encodeThrown: (writer: Writer, thrown: Value) => void, thrown?: Value): void;
  throw(encodeThrown: Encode, thrown?: unknown): void {
    this.#answer();
    this.#sendWhenRoom(FrameKind.THROWN, encodeThrown, thrown);
  }

  reject(code: RemoteCallErrorCode, message: string, executed: Executed): void {
    this.#answer();
    this.#sendFinal(FrameKind.FAILURE, (writer) => encodeFailure(writer, { code, message, executed }));
  }

  async stream(
    items: AsyncIterable<unknown>,
    encodeItem: (writer: Writer, item: unknown) => void,
    encodeThrown: (writer: Writer, thrown: unknown) => void,
  ): Promise<void> {
    if (this.#credit === undefined) {
      this.reject('INTERNAL', 'the method answers with a stream, but was not called as one', 'yes');
      return;
    }
    this.#answer();
    this.#sender = new StreamSender(this, this.#credit, items, encodeItem, encodeThrown);
    await this.#sender.run();
    // The final frame was sent when the stream ended by itself; when the caller left, this is the end of it.
    if (this.gone) this.#owner.finished(this);
  }

  /** The caller has cancelled, the deadline has passed, or the key is no longer owned: answers in the app's place. */
  end(code: 'CANCELLED' | 'DEADLINE_EXCEEDED' | 'STALE_OWNER', message: string): void {
    if (this.gone) return;
    const failure: Failure = { code, message, executed: 'unknown' };
    const { outbox } = this.#owner;
    outbox.dropLarge(this.callId);
    outbox.send(FrameKind.FAILURE, this.callId, encodeFailure, failure);
    this.#owner.release(this);
    this.#leave(new RemoteCallError(code, message));
  }

  /** The connection is lost. */
  lost(reason: Error | undefined): void {
    if (this.gone) return;
    this.#leave(new RemoteCallError('CANCELLED', 'the connection to the caller was lost', { cause: reason }));
  }

  /** The caller has room for more. */
  credited(items: number, bytes: number): boolean {
    if (this.#credit === undefined || !this.#credit.grant(items, bytes)) return false;
    this.#sender?.changed();
    return true;
  }

  get gone(): boolean {
    return this.#gone !== undefined;
  }

  get hasRoom(): boolean {
    return this.#owner.outbox.hasRoom;
  }

  whenRoom(callback: () => void): void {
    this.#owner.outbox.whenRoom(callback);
  }

  sendItem(encode: Encode, item: unknown): number {
    return this.#owner.outbox.send(FrameKind.ITEM, this.callId, encode, item);
  }

  sendEnd(): void {
    this.#sendFinal(FrameKind.END, () => {});
  }

  sendThrown(encode: Encode, thrown: unknown): void {
    this.#sendFinal(FrameKind.THROWN, encode, thrown);
  }

  sendFailure(reason: unknown): void {
    this.#sendFinal(FrameKind.FAILURE, (writer) => encodeFailure(writer, failureOf(reason)));
  }

  #answer(): void {
    if (this.#answered) throw new RemoteCallError('INTERNAL', 'the call was answered twice');
    this.#answered = true;
  }

  #leave(reason: RemoteCallError): void {
    this.#gone = reason;
    this.#controller?.abort(reason);
    this.#sender?.changed();
  }

  /** While the caller takes no bytes, the result waits as the app's value, not as bytes. */
  #sendWhenRoom(kind: FrameKind, encode: Encode, value: unknown): void {
    if (this.gone || this.hasRoom) this.#sendFinal(kind, encode, value);
    else this.whenRoom(() => this.#sendFinal(kind, encode, value));
  }

  #sendFinal(kind: FrameKind, encode: Encode, value?: unknown): void {
    if (!this.gone) {
      const { outbox } = this.#owner;
      try {
        outbox.send(kind, this.callId, encode, value);
      } catch (error) {
        outbox.send(FrameKind.FAILURE, this.callId, (writer) => encodeFailure(writer, failureOf(error)));
      }
      this.#owner.release(this);
    }
    this.#owner.finished(this);
  }
}

/** An answer that cannot be sent, as the failure that is sent instead. */
function failureOf(reason: unknown): Failure {
  if (reason instanceof TypeViolation) {
    const message = `the result violates its type: ${reason.message}`;
    return { code: 'INVALID_RESULT', message, executed: 'yes' };
  }
  if (reason instanceof MessageTooLarge) {
    return { code: 'MESSAGE_TOO_LARGE', message: `the result: ${reason.message}`, executed: 'yes' };
  }
  if (reason instanceof RemoteCallError)
    return { code: reason.code, message: plainMessage(reason), executed: reason.executed };
  const message = reason instanceof Error ? reason.message : String(reason);
  return { code: 'INTERNAL', message: `the result cannot be sent: ${message}`, executed: 'yes' };
}
