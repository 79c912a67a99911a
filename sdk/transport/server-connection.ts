import { Reader } from '../codec/reader.js';
import { AcceptedCalls } from './accepted-calls.js';
import type { Admission, AdmissionQueue } from './admission.js';
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
  /** Of all connections of the process; undefined: calls may wait as long as they like. */
  readonly admission: Admission | undefined;
  /** Once, when it has ended. */
  readonly onClosed: (connection: ServerConnection, reason: Error | undefined) => void;
}

const NO_BYTES = Buffer.alloc(0);

/** While calls are handled so fast, the clock is looked at for one in {@link CALLS_A_LOOK}, ms. */
const FAST_MS = 1;
const CALLS_A_LOOK = 8;
/** Answers, and other connections, do not wait for calls that are handled for longer than this, ms. */
const TURN_MS = 5;

const TOO_MANY: Failure = {
  code: 'RESOURCE_EXHAUSTED',
  message: 'the callee has too many calls in flight, or bytes to send',
  executed: 'no',
};
const OVERLOADED: Failure = {
  code: 'RESOURCE_EXHAUSTED',
  message: 'the callee is overloaded: calls wait too long for its event loop; the method did not run',
  executed: 'no',
};

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
  readonly #queue: AdmissionQueue | undefined;
  /** When the clock was last looked at. */
  #now = 0;
  #unlooked = 0;

  constructor(peer: ReplicaIdentity, link: Link, options: ServerConnectionOptions) {
    this.peer = peer;
    this.#link = link;
    this.#options = options;
    link.outbox.lone = () => this.#running <= 1;
    this.#queue = options.admission?.queue();
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

  read(unreadSince: number, now: number, polled: boolean): void {
    this.#now = now;
    this.#unlooked = CALLS_A_LOOK;
    this.#queue?.read(unreadSince, now, polled);
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
      case FrameKind.GROWS:
      case FrameKind.SETTLED:
        this.#queue?.grows(kind === FrameKind.GROWS);
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
    if (this.#running >= limits.maxCallsInFlight || !this.outbox.hasRoom) {
      this.outbox.send(FrameKind.FAILURE, callId, encodeFailure, TOO_MANY);
      return;
    }
    if (this.#queue?.sheds && !this.#admits(this.#queue, reader)) {
      this.outbox.send(FrameKind.FAILURE, callId, encodeFailure, OVERLOADED);
      return;
    }
    const method = reader.readUint16();
    const header = decodeCallHeader(reader);
    const { timeoutMs } = header;
    if (--this.#unlooked <= 0) this.#lookWhileFast();
    if (timeoutMs !== undefined && this.#now - this.#link.heardAt >= timeoutMs) {
      this.outbox.send(FrameKind.FAILURE, callId, encodeFailure, tooLate(timeoutMs));
      return;
    }
    const call = new ServerCall(this, callId, method, header, reader, credit);
    this.#running++;
    this.#calls.add(call);
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

  #admits(queue: AdmissionQueue, { bytes, end }: Reader): boolean {
    const now = this.#look();
    return queue.admits(this.#link.placeOf(bytes, end), now);
  }

  #look(): number {
    this.#now = this.#options.clock.now();
    if (this.#now - this.#link.turnBeganAt > TURN_MS) this.#link.yield();
    return this.#now;
  }

  #lookWhileFast(): void {
    const before = this.#now;
    const now = this.#look();
    this.#unlooked = now - before < FAST_MS ? CALLS_A_LOOK : 1;
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

function tooLate(timeoutMs: number): Failure {
  const message = `the call waited for the callee longer than its ${timeoutMs} ms; the method did not run`;
  return { code: 'DEADLINE_EXCEEDED', message, executed: 'no' };
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
