import type { Socket } from 'node:net';
import type { Clock } from './clock.js';
import { FrameKind, MAX_HANDSHAKE_BYTES, NO_CALL } from './frame.js';
import { FrameParser } from './frame-parser.js';
import { decideHeartbeat } from './heartbeat.js';
import { Outbox } from './outbox.js';
import { frameFailure, protocolError } from './protocol-error.js';
import type { TransportLimits } from './transport.js';

/** Who handles a link's frames: first the handshake, then the connection. */
export interface LinkHandler {
  /** May throw: the link is then lost. `bytes` from `start` to `end` is the body, valid until it returns. */
  frame(kind: number, callId: number, bytes: Buffer, start: number, end: number): void;
  /** Once, when the link has ended; without a reason when this side or the peer ended it in order. */
  closed(reason: Error | undefined): void;
}

export interface LinkOptions {
  readonly limits: TransportLimits;
  readonly clock: Clock;
  /**
   * What to do when the peer takes no bytes and goes on sending. The callee stops reading. The caller must not, or
   * both sides could wait for each other; it gives the link up.
   */
  readonly whenFull: 'stop-reading' | 'give-up';
}

/** Frames for the calls in flight (credit, cancellation) may still be queued when there is no room for calls. */
const CONTROL_BYTES = 1024 * 1024;

/** A socket that carries frames: parsing, coalesced writing, heartbeats, and one way to end. */
export class Link {
  readonly outbox: Outbox;
  handler: LinkHandler;
  readonly #socket: Socket;
  readonly #options: LinkOptions;
  readonly #parser: FrameParser;
  #opened = false;
  #closed = false;
  #heardAt: number;
  #sentAt: number;
  #sentBytes = 0;
  #dueAt = 0;
  #paused = false;
  #pongQueuedAt = -1;
  #cancelHeartbeat: (() => void) | undefined;

  constructor(socket: Socket, options: LinkOptions, handler: LinkHandler) {
    this.#socket = socket;
    this.#options = options;
    this.handler = handler;
    this.outbox = new Outbox(socket, options.limits);
    this.outbox.onProgress = () => {
      if (this.#paused) this.#heardAt = options.clock.now();
    };
    this.#parser = new FrameParser(MAX_HANDSHAKE_BYTES, (kind, callId, bytes, start, end) =>
      this.#onFrame(kind, callId, bytes, start, end),
    );
    this.#heardAt = options.clock.now();
    this.#sentAt = this.#heardAt;
    socket.setNoDelay(true);
    socket.on('error', (error) => this.close(error));
    socket.on('end', () => this.close(undefined));
    socket.on('close', () => this.close(undefined));
  }

  /** When bytes last came, by the clock: for the frames being handled, now. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** The handshake is over: frames of full length, and heartbeats, from here on. */
  open(peerMaxFrameBytes: number): void {
    const { limits } = this.#options;
    this.#opened = true;
    this.#parser.maxFrameBytes = limits.maxFrameBytes;
    this.outbox.limits = {
      maxFrameBytes: Math.min(limits.maxFrameBytes, peerMaxFrameBytes),
      maxQueuedBytes: limits.maxQueuedBytes,
    };
    this.#lookAgain(limits.heartbeatIntervalMs);
  }

  /** The socket's bytes come in here. */
  received(chunk: Buffer, length: number): void {
    if (this.#closed) return;
    this.#heardAt = this.#options.clock.now();
    try {
      this.#parser.push(chunk, length);
    } catch (error) {
      this.close(frameFailure(error));
      return;
    }
    if (!this.outbox.hasRoom) this.#full();
  }

  /** Whatever the peer sends from here on is dropped unread. */
  discardInput(): void {
    this.#parser.stop();
  }

  /** Sends what is queued, then ends the connection. */
  end(): void {
    this.outbox.end(() => this.#socket.end());
  }

  /** Ends the connection now. What was not handed to the system is dropped. */
  close(reason: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelHeartbeat?.();
    this.#parser.stop();
    this.#socket.destroy();
    this.handler.closed(reason);
    this.outbox.close();
  }

  #onFrame(kind: number, callId: number, bytes: Buffer, start: number, end: number): void {
    if (!this.#opened || !isOwnFrame(kind)) this.handler.frame(kind, callId, bytes, start, end);
    else if (kind === FrameKind.PING) this.#answerPing();
  }

  /** A peer that sends pings and takes no bytes gets one answer, not a queue of them. */
  #answerPing(): void {
    if (this.#pongQueuedAt >= this.outbox.handedOverBytes) return;
    this.#pongQueuedAt = this.outbox.offset;
    this.outbox.sendEmpty(FrameKind.PONG, NO_CALL);
  }

  #full(): void {
    if (this.#options.whenFull === 'stop-reading') {
      if (this.#paused) return;
      this.#paused = true;
      this.#socket.pause();
      this.outbox.whenRoom(() => {
        this.#paused = false;
        if (!this.#closed) this.#socket.resume();
      });
      return;
    }
    const { maxQueuedBytes, maxFrameBytes } = this.#options.limits;
    if (this.outbox.queuedBytes > maxQueuedBytes + maxFrameBytes + CONTROL_BYTES) {
      this.close(protocolError('the peer sends, but takes no bytes'));
    }
  }

  #lookAgain(afterMs: number): void {
    const { clock } = this.#options;
    this.#dueAt = clock.now() + afterMs;
    this.#cancelHeartbeat = clock.schedule(Math.max(1, Math.ceil(afterMs)), () => this.#look());
  }

  #look(): void {
    const { clock, limits } = this.#options;
    const now = clock.now();
    if (this.outbox.handedOverBytes > this.#sentBytes) {
      this.#sentBytes = this.outbox.handedOverBytes;
      this.#sentAt = now;
    }
    const decision = decideHeartbeat(
      { heardAt: this.#heardAt, sentAt: this.#sentAt, dueAt: this.#dueAt },
      now,
      limits,
    );
    switch (decision.kind) {
      case 'lost':
        this.close(new Error(`the peer was silent for ${Math.round(decision.silentMs)} ms`));
        return;
      case 'stalled':
        this.#heardAt = now;
        this.outbox.sendEmpty(FrameKind.PING, NO_CALL);
        break;
      case 'ping':
        this.outbox.sendEmpty(FrameKind.PING, NO_CALL);
        break;
      case 'wait':
        break;
    }
    this.#lookAgain(decision.forMs);
  }
}

/** Frames that the handler does not see. */
function isOwnFrame(kind: number): boolean {
  return kind === FrameKind.PING || kind === FrameKind.PONG || kind === FrameKind.WITHDRAWN;
}
