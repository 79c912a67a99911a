import type { Socket } from 'node:net';
import type { Writer } from '../codec/writer.js';
import { Assembler } from './assembler.js';
import type { Clock } from './clock.js';
import { brotli } from './compression/brotli.js';
import { decompressFrame } from './compression/compressed-frame.js';
import { EdgeCompression } from './compression/edge-compression.js';
import { openEdges } from './compression/open-edges.js';
import { encodeProbeAnswer, readProbe, readProbeAnswer } from './compression/probe-frames.js';
import { ProbeResponder } from './compression/probe-responder.js';
import { processFlushes } from './flush-turns.js';
import {
  CHUNK_WINDOW_BYTES,
  FIRST_CHUNK_HEADER_BYTES,
  FrameKind,
  MAX_HANDSHAKE_BYTES,
  NO_CALL,
} from './frame.js';
import { FrameParser } from './frame-parser.js';
import { decideHeartbeat } from './heartbeat.js';
import { Outbox } from './outbox.js';
import { frameFailure, protocolError } from './protocol-error.js';
import type { ReplicaIdentity, TransportLimits } from './transport.js';

/** Who handles a link's frames: first the handshake, then the connection. */
export interface LinkHandler {
  /**
   * Bytes were read, and their frames follow. None of them came before `unreadSince`, by the clock; `now` is now. `polled`: since then the
   * connection was looked at in each turn of the event loop.
   */
  read?(unreadSince: number, now: number, polled: boolean): void;
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
  readonly afterWrites?: (() => void) | undefined;
  /** Large bodies are compressed where that pays; the peer's may be. */
  readonly compression: boolean;
}

/** What the peer has said in the handshake. */
export interface PeerTerms {
  readonly maxFrameBytes: number;
  readonly compression: boolean;
}

/** Frames for the calls in flight (credit, cancellation) may still be queued when there is no room for calls. */
const CONTROL_BYTES = 1024 * 1024;

/** Where a frame was in what was read, when that is not known. */
const SOMEWHERE = 0.5;
const NO_BYTES = Buffer.alloc(0);

/** A socket that carries frames: parsing, coalesced writing, heartbeats, and one way to end. */
export class Link {
  readonly outbox: Outbox;
  handler: LinkHandler;
  readonly #socket: Socket;
  readonly #options: LinkOptions;
  readonly #parser: FrameParser;
  readonly #assembler: Assembler;
  readonly #probes = new ProbeResponder();
  #compression: EdgeCompression | undefined;
  #forgetEdge: (() => void) | undefined;
  #chunkBytesTaken = 0;
  #creditedAt = 0;
  #opened = false;
  #closed = false;
  #heardAt: number;
  /** When all that had come was read. */
  #unreadSince: number;
  /** What is being parsed, and where it was in what was read. */
  #parsed: Buffer = NO_BYTES;
  #parsedFrom = 0;
  #readBytes = 0;
  #turnBeganAt = 0;
  #polled = true;
  /** What was read and waits for its turn. */
  #rest: Buffer | undefined;
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
    this.outbox.onFlushed = options.afterWrites;
    this.#assembler = new Assembler(options.limits.maxFrameBytes);
    this.#parser = new FrameParser(MAX_HANDSHAKE_BYTES, (kind, callId, bytes, start, end) =>
      this.#onFrame(kind, callId, bytes, start, end),
    );
    this.#heardAt = options.clock.now();
    this.#unreadSince = this.#heardAt;
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
  open({ replica }: ReplicaIdentity, peer: PeerTerms): void {
    const { limits, clock } = this.#options;
    this.#opened = true;
    this.#parser.maxFrameBytes = limits.maxFrameBytes;
    this.outbox.limits = {
      maxFrameBytes: Math.min(limits.maxFrameBytes, peer.maxFrameBytes),
      maxQueuedBytes: limits.maxQueuedBytes,
    };
    if (this.#options.compression && peer.compression) {
      this.#compression = new EdgeCompression(this.outbox, clock);
      this.outbox.watcher = this.#compression;
      this.#forgetEdge = openEdges.add(replica, this.#compression);
    }
    this.#lookAgain(limits.heartbeatIntervalMs);
  }

  /** The socket's bytes come in here. */
  received(chunk: Buffer, length: number): void {
    if (this.#closed) return;
    const now = this.#options.clock.now();
    this.#heardAt = now;
    processFlushes.beforeInput(now);
    this.handler.read?.(this.#unreadSince, now, this.#polled);
    this.#polled = true;
    this.#unreadSince = now;
    this.#turnBeganAt = now;
    this.#readBytes = length;
    this.#parse(chunk, length, 0);
  }

  /** `from`: where the chunk was in what was read. */
  #parse(chunk: Buffer, length: number, from: number): void {
    this.#parsed = chunk;
    this.#parsedFrom = from;
    let taken: number;
    try {
      taken = this.#parser.push(chunk, length);
    } catch (error) {
      this.close(frameFailure(error));
      return;
    }
    if (taken < length && !this.#closed) this.#goOnLater(Buffer.from(chunk.subarray(taken, length)));
    if (!this.outbox.flows) this.#full();
  }

  /** Called while a frame is handled: the rest of what was read waits until the event loop has had a turn. */
  yield(): void {
    this.#parser.pause();
  }

  /** When the frames of this turn began to be handled. */
  get turnBeganAt(): number {
    return this.#turnBeganAt;
  }

  /** Where the frame that ends at `end` was in what was read: from 0, at first, to 1. */
  placeOf(bytes: Buffer, end: number): number {
    return bytes === this.#parsed ? (this.#parsedFrom + end) / this.#readBytes : SOMEWHERE;
  }

  #goOnLater(rest: Buffer): void {
    this.#rest = rest;
    this.#polled = false;
    this.#socket.pause();
    setImmediate(() => {
      this.#rest = undefined;
      if (this.#closed) return;
      this.#turnBeganAt = this.#options.clock.now();
      this.#parse(rest, rest.length, this.#readBytes - rest.length);
      this.#readOn();
    });
  }

  #readOn(): void {
    if (!this.#closed && !this.#paused && this.#rest === undefined) this.#socket.resume();
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
    this.#forgetEdge?.();
    this.#parser.stop();
    this.#assembler.clear();
    this.#socket.destroy();
    this.handler.closed(reason);
    this.outbox.close();
  }

  #onFrame(kind: number, callId: number, bytes: Buffer, start: number, end: number): void {
    if (!this.#opened) {
      this.handler.frame(kind, callId, bytes, start, end);
      return;
    }
    switch (kind) {
      case FrameKind.PING:
        this.#answerPing();
        return;
      case FrameKind.PONG:
      case FrameKind.WITHDRAWN:
        return;
      case FrameKind.FIRST_CHUNK:
        this.#assembler.first(callId, bytes, start, end);
        this.#creditChunk(end - start - FIRST_CHUNK_HEADER_BYTES);
        return;
      case FrameKind.CHUNK:
        this.#chunk(callId, bytes, start, end, end - start);
        return;
      case FrameKind.COMPRESSED:
        this.#decompress(callId, bytes, start, end);
        return;
      case FrameKind.PROBE: {
        const number = readProbe(bytes, start, end);
        this.outbox.send(
          FrameKind.PROBE_ANSWER,
          NO_CALL,
          encodeProbeAnswer,
          this.#probes.answer(number, this.#heardAt),
        );
        return;
      }
      case FrameKind.PROBE_ANSWER: {
        const answer = readProbeAnswer(bytes, start, end);
        if (this.#compression === undefined) throw protocolError('an answer to no probe came');
        this.#compression.probeAnswered(answer);
        return;
      }
      case FrameKind.CHUNK_CREDIT: {
        const granted = end - start === 4 && this.outbox.grantChunks(bytes.readUInt32LE(start));
        if (!granted) throw protocolError('impossible credit for chunks was granted');
        this.#creditedAt = this.#heardAt;
        return;
      }
      default:
        // Of a call whose message was not ended: the sender has given it up.
        if (this.#assembler.size > 0) this.#assembler.drop(callId);
        this.handler.frame(kind, callId, bytes, start, end);
    }
  }

  #decompress(callId: number, bytes: Buffer, start: number, end: number): void {
    const { limits, compression } = this.#options;
    if (!compression) throw protocolError('a compressed frame came, and none was accepted');
    const { kind, body } = decompressFrame(bytes, start, end, { codec: brotli, ...limits });
    if (kind === FrameKind.FIRST_CHUNK) {
      this.#assembler.first(callId, body, 0, body.length);
      this.#creditChunk(end - start);
    } else if (kind === FrameKind.CHUNK) this.#chunk(callId, body, 0, body.length, end - start);
    else this.#onFrame(kind, callId, body, 0, body.length);
  }

  /** `wireBytes`: what it took of the sender's credit. */
  #chunk(callId: number, bytes: Buffer, start: number, end: number, wireBytes: number): void {
    const message = this.#assembler.next(callId, bytes, start, end);
    this.#creditChunk(wireBytes);
    if (message !== undefined) this.handler.frame(message.kind, callId, message.body, 0, message.body.length);
  }

  /** A chunk that was copied makes room for another, in portions of half the window. */
  #creditChunk(bytes: number): void {
    this.#chunkBytesTaken += bytes;
    if (2 * this.#chunkBytesTaken < CHUNK_WINDOW_BYTES) return;
    const taken = this.#chunkBytesTaken;
    this.#chunkBytesTaken = 0;
    this.outbox.send(FrameKind.CHUNK_CREDIT, NO_CALL, encodeUint32, taken);
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
        // What waited meanwhile waited for the peer.
        this.#unreadSince = this.#options.clock.now();
        this.#readOn();
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
    if (!this.outbox.awaitsChunkCredit || decision.kind === 'stalled') this.#creditedAt = now;
    if (now - this.#creditedAt >= limits.heartbeatTimeoutMs) {
      this.close(new Error(`the peer took nothing of a long message for ${limits.heartbeatTimeoutMs} ms`));
      return;
    }
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

function encodeUint32(writer: Writer, value: number): void {
  writer.writeUint32(value);
}
