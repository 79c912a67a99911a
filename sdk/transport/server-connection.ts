import { Reader } from '../codec/reader.js';
import { AcceptedCalls } from './accepted-calls.js';
import { decodeCallHeader } from './call-header.js';
import type { Clock } from './clock.js';
import { DeadlineSweep } from './deadline-sweep.js';
import { encodeFailure, type Failure, noAnswerWithin } from './failure.js';
import { SendCredit } from './flow-control.js';
import { FrameKind, NO_CALL } from './frame.js';
import type { Link, LinkHandler } from './link.js';
import type { Outbox } from './outbox.js';
import { protocolError } from './protocol-error.js';
import { type AnswerOwner, ServerCall } from './server-call.js';
import type { CallReceiver, ReplicaIdentity, TransportLimits } from './transport.js';

export interface ServerConnectionOptions {
  readonly receiver: CallReceiver;
  readonly limits: TransportLimits;
  readonly clock: Clock;
  /** Once, when it has ended. */
  readonly onClosed: (connection: ServerConnection, reason: Error | undefined) => void;
}

const NO_BYTES = Buffer.alloc(0);

/** The callee's side of a connection whose handshake is done. */
export class ServerConnection implements AnswerOwner, LinkHandler {
  readonly peer: ReplicaIdentity;
  readonly #link: Link;
  readonly #options: ServerConnectionOptions;
  /** Calls whose caller waits. */
  readonly #calls = new AcceptedCalls();
  /** Over the frame being handled. */
  readonly #reader = new Reader(NO_BYTES);
  readonly #sweep: DeadlineSweep;
  /** Calls that the app's code works on, also those whose caller has gone. */
  #running = 0;
  #drain: 'none' | 'announced' | 'acknowledged' = 'none';

  constructor(peer: ReplicaIdentity, link: Link, options: ServerConnectionOptions) {
    this.peer = peer;
    this.#link = link;
    this.#options = options;
    link.outbox.lone = () => this.#running <= 1;
    this.#sweep = new DeadlineSweep(options.clock, (now) => this.#expire(now));
  }

  get outbox(): Outbox {
    return this.#link.outbox;
  }

  /** Asks the caller for no new calls, and ends the connection after the last answer. */
  drain(): void {
    if (this.#drain !== 'none') return;
    this.#drain = 'announced';
    this.outbox.sendEmpty(FrameKind.GOAWAY, NO_CALL);
  }

  close(reason?: Error): void {
    this.#link.close(reason);
  }

  release(call: ServerCall): void {
    this.#calls.remove(call);
  }

  finished(_call: ServerCall): void {
    this.#running--;
    this.#endWhenIdle();
  }

  frame(kind: number, callId: number, bytes: Buffer, start: number, end: number): void {
    const reader = this.#reader;
    reader.bytes = bytes;
    reader.position = start;
    reader.end = end;
    switch (kind) {
      case FrameKind.CALL:
        this.#receive(callId, reader, undefined);
        return;
      case FrameKind.OPEN_STREAM: {
        const credit = new SendCredit(0, 0);
        credit.grant(reader.readUint32(), reader.readUint32());
        this.#receive(callId, reader, credit);
        return;
      }
      case FrameKind.CANCEL:
        this.#cancel(callId);
        return;
      case FrameKind.CREDIT:
        this.#credit(callId, reader);
        return;
      case FrameKind.GOAWAY:
        if (this.#drain === 'none') throw protocolError('the caller answered a GOAWAY that was not sent');
        this.#drain = 'acknowledged';
        this.#endWhenIdle();
        return;
      default:
        throw protocolError(`a caller does not send frames of kind ${kind}`);
    }
  }

  closed(reason: Error | undefined): void {
    this.#sweep.stop();
    this.#calls.forEach((call) => {
      this.#calls.remove(call);
      call.lost(reason);
    });
    this.#options.onClosed(this, reason);
  }

  #receive(callId: number, reader: Reader, credit: SendCredit | undefined): void {
    if (callId === NO_CALL || this.#calls.taken(callId)) {
      throw protocolError(`call id ${callId} is in use`);
    }
    const { limits, receiver } = this.#options;
    const call = new ServerCall(this, callId, reader.readUint16(), decodeCallHeader(reader), reader, credit);
    const busy = this.#running >= limits.maxCallsInFlight || !this.outbox.hasRoom;
    this.#running++;
    this.#calls.add(call);
    if (busy) {
      call.reject('RESOURCE_EXHAUSTED', 'the callee has too many calls in flight, or bytes to send', 'no');
      return;
    }
    const { timeoutMs } = call.header;
    if (timeoutMs !== undefined) {
      call.deadlineAt = this.#link.heardAt + timeoutMs;
      this.#sweep.arm(call.deadlineAt);
    }
    try {
      receiver.receive(call);
    } catch (error) {
      // A receiver must not throw. One that has not answered yet never will: the caller is told.
      if (call.answered) throw error;
      call.reject('INTERNAL', `the call could not be handled: ${messageOf(error)}`, 'unknown');
    }
  }

  #cancel(callId: number): void {
    const call = this.#calls.get(callId);
    const message = 'the caller cancelled the call';
    if (call !== undefined) call.end('CANCELLED', message);
    // Answered, but the answer is long and still waits: what is left of it need not be sent.
    else if (this.outbox.dropLarge(callId)) {
      const failure: Failure = { code: 'CANCELLED', message, executed: 'yes' };
      this.outbox.send(FrameKind.FAILURE, callId, encodeFailure, failure);
    }
  }

  #credit(callId: number, reader: Reader): void {
    const items = reader.readUint32();
    const bytes = reader.readUint32();
    reader.finish();
    const call = this.#calls.get(callId);
    if (call === undefined) return;
    if (!call.credited(items, bytes)) throw protocolError(`call ${callId} was granted impossible credit`);
  }

  #expire(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    this.#calls.forEach((call) => {
      if (call.deadlineAt > now) next = Math.min(next, call.deadlineAt);
      else call.end('DEADLINE_EXCEEDED', noAnswerWithin(call.header.timeoutMs));
    });
    return next;
  }

  #endWhenIdle(): void {
    if (this.#drain === 'acknowledged' && this.#running === 0) this.#link.end();
  }
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
