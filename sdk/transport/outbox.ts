import { MessageTooLarge } from '../codec/violations.js';
import { Writer } from '../codec/writer.js';
import { RemoteCallError } from '../errors/remote-call-error.js';
import { ChunkSender } from './chunk-sender.js';
import { type ChunkSource, processTurns } from './chunk-turns.js';
import type { CompressBody } from './compression/compressed-frame.js';
import { processFlushes } from './flush-turns.js';
import { CHUNK_BYTES, FRAME_HEADER_BYTES, FrameKind, LENGTH_BYTES, MIN_FRAME_LENGTH } from './frame.js';
import { callIdAt, putHeader, putUint32 } from './frame-bytes.js';
import { type LargeMessage, largeMessageOf } from './large-messages.js';

/** What an outbox needs of a socket. */
export interface ByteSink {
  write(bytes: Uint8Array, done: () => void): unknown;
  /** Bytes written that the system has not taken; the memory of what it has taken may be reused. */
  readonly writableLength: number;
}

export interface OutboxLimits {
  /** Longest frame that may be sent. */
  readonly maxFrameBytes: number;
  /** `hasRoom` ends here; a frame begun before may pass it. */
  readonly maxQueuedBytes: number;
}

/** Watches how fast the link takes the bytes. */
export interface LinkWatcher {
  /** `probeAt` is reached. It may send frames. */
  probeDue(): void;
  /** There is something to send, and the peer or the system does not take it yet. */
  blocked(): void;
  flowing(): void;
}

const INITIAL_BYTES = 16 * 1024;
/**
 * Within a turn, the first write is made when so much has gathered: the peer begins on it while this side goes on, which
 * gives twice the throughput of batches that go to and fro whole. Each next is made when four times as much has.
 */
const EARLY_FLUSH_BYTES = 2 * 1024;
const EARLY_FLUSH_GROWTH = 4;
const MAX_EARLY_FLUSH_BYTES = 256 * 1024;
/** Most bytes handed over at once while the system does not take all: keeps exact what may have been sent. */
const MAX_WRITE_BYTES = 256 * 1024;

/**
 * The outgoing bytes of one connection. Frames are encoded in place and written together: once at the end of
 * the event loop's turn, and earlier when they are many, or when a single call is in flight. At most one write is with the system at a time; what waits
 * behind it was certainly not sent.
 */
export class Outbox implements ChunkSource {
  readonly writer = new Writer(Number.MAX_SAFE_INTEGER, INITIAL_BYTES);
  /** Called when the system has taken bytes of a write that it did not take at once. */
  onProgress: () => void = () => {};
  /** Whether at most one call is in flight: what is sent has no company to wait for. */
  lone: () => boolean = () => true;
  /** Called after the writes of a turn. */
  onFlushed: (() => void) | undefined;
  watcher: LinkWatcher | undefined;
  /** The offset at which the watcher is called. */
  probeAt = Number.POSITIVE_INFINITY;
  /** May become stricter when the peer has told its own. */
  limits: OutboxLimits;
  readonly #sink: ByteSink;
  /** Start of what was not handed over, in the writer's bytes. */
  #handedOver = 0;
  /** Bytes that left the writer before its position 0. */
  #base = 0;
  #state: 'open' | 'ending' | 'closed' = 'open';
  #encoding = false;
  #writing = false;
  #flushScheduled = false;
  #earlyFlushBytes = EARLY_FLUSH_BYTES;
  #waiting: (() => void)[] = [];
  #whenEmpty: (() => void) | undefined;
  readonly #chunks = new ChunkSender();
  /** Longer bodies are sent in turns. */
  #deferAbove = CHUNK_BYTES;
  #afterLarge: (() => void)[] = [];

  constructor(sink: ByteSink, limits: OutboxLimits) {
    this.#sink = sink;
    this.limits = limits;
  }

  /** Accepted, and not yet taken by the system. */
  get queuedBytes(): number {
    return this.framedBytes + this.#chunks.bytes;
  }

  /** Of them, those that wait for the system only: the rest also waits for the peer's credit. */
  get framedBytes(): number {
    const waiting = this.writer.position - this.#handedOver;
    return this.#writing ? waiting + this.#sink.writableLength : waiting;
  }

  get hasRoom(): boolean {
    return this.queuedBytes < this.limits.maxQueuedBytes;
  }

  /** The peer takes bytes. When it does not, nothing is read from it. */
  get flows(): boolean {
    return this.framedBytes < this.limits.maxQueuedBytes;
  }

  /** Where the next frame begins, counted from the connection's first byte. */
  get offset(): number {
    return this.#base + this.writer.position;
  }

  /** Bytes handed to the system, counted from the connection's first. */
  get handedOverBytes(): number {
    return this.#base + this.#handedOver;
  }

  /** Bodies of `least` bytes or more go through `compress`, in turns; or none do. */
  compressFrom(least: number | undefined, compress: CompressBody): void {
    this.#chunks.compress = least === undefined ? undefined : compress;
    this.#deferAbove = least === undefined ? CHUNK_BYTES : least - 1;
  }

  /**
   * Sends a frame whose body `encode` writes, of `value` if it likes. Returns the body's bytes. When it throws, nothing
   * is sent.
   */
  send<Value = undefined>(
    kind: FrameKind,
    callId: number,
    encode: (writer: Writer, value: Value) => void,
    value: Value,
  ): number;
  send(kind: FrameKind, callId: number, encode: (writer: Writer) => void): number;
  send(
    kind: FrameKind,
    callId: number,
    encode: (writer: Writer, value: unknown) => void,
    value?: unknown,
  ): number {
    const start = this.begin(kind, callId);
    try {
      encode(this.writer, value);
    } catch (error) {
      throw this.rollBack(start, error);
    }
    const bodyBytes = this.writer.position - start - FRAME_HEADER_BYTES;
    this.commit(start);
    return bodyBytes;
  }

  /** A frame without a body. Unlike the others it may be sent while one is encoded, and follows it. */
  sendEmpty(kind: FrameKind, callId: number): void {
    if (this.#encoding) {
      process.nextTick(() => this.sendEmpty(kind, callId));
      return;
    }
    this.commit(this.begin(kind, callId));
  }

  /** Starts a frame: write its body with `writer`, then `commit` or `rollBack`. */
  begin(kind: FrameKind, callId: number): number {
    if (this.#encoding) {
      throw new RemoteCallError(
        'INTERNAL',
        'a call was made while the arguments of another were encoded: a getter of theirs makes calls',
        { executed: 'no' },
      );
    }
    const { writer } = this;
    const start = writer.position;
    this.#encoding = true;
    writer.limit = start + this.limits.maxFrameBytes;
    writer.reserve(FRAME_HEADER_BYTES);
    putHeader(writer.bytes, start, 0, kind, callId);
    writer.position = start + FRAME_HEADER_BYTES;
    return start;
  }

  /** Returns the message when it is so long that it is sent in chunks, or follows one of its call. */
  commit(start: number): LargeMessage | undefined {
    const { writer } = this;
    this.#encoding = false;
    if (this.#state === 'closed') {
      writer.position = start;
      return undefined;
    }
    const bodyBytes = writer.position - start - FRAME_HEADER_BYTES;
    if (
      bodyBytes > this.#deferAbove ||
      (this.#chunks.size > 0 && this.#chunks.has(callIdAt(writer.bytes, start)))
    ) {
      return this.#defer(start);
    }
    putUint32(writer.bytes, start, MIN_FRAME_LENGTH + bodyBytes);
    this.#flushLater();
    return undefined;
  }

  #flushLater(): void {
    const { writer } = this;
    if (!this.#writing && writer.position - this.#handedOver >= this.#earlyFlushBytes) {
      this.#earlyFlushBytes = Math.min(EARLY_FLUSH_GROWTH * this.#earlyFlushBytes, MAX_EARLY_FLUSH_BYTES);
      this.#write();
    } else if (!this.#flushScheduled && !this.#writing) {
      this.#flushScheduled = true;
      if (this.lone()) process.nextTick(flush, this);
      else processFlushes.request(this);
    }
  }

  /** Undoes `begin` and what was written since. Returns what to throw instead of `reason`. */
  rollBack(start: number, reason: unknown): unknown {
    this.#encoding = false;
    this.writer.position = start;
    return reason instanceof MessageTooLarge ? new MessageTooLarge(this.limits.maxFrameBytes) : reason;
  }

  /** Turns a frame of which no byte was handed over into one that the peer skips. False when it is too late. */
  withdraw(startOffset: number, replacement: FrameKind): boolean {
    const start = startOffset - this.#base;
    if (start < this.#handedOver) return false;
    this.writer.bytes[start + LENGTH_BYTES] = replacement;
    return true;
  }

  /** Forgets what is not framed of the message. False when its last frame was handed over: it is too late. */
  withdrawLarge(message: LargeMessage): boolean {
    if (message.endOffset === Number.POSITIVE_INFINITY) return this.dropLarge(message.callId);
    if (!this.withdraw(message.lastFrameAt, FrameKind.WITHDRAWN)) return false;
    this.#chunks.skipped(message);
    return true;
  }

  /** Forgets what is not framed of the call. False when there is nothing. */
  dropLarge(callId: number): boolean {
    if (!this.#chunks.drop(callId)) return false;
    this.#chunksChanged();
    return true;
  }

  /** Calls back once, when all messages that are sent in chunks are framed: at once when there are none. */
  afterLarge(callback: () => void): void {
    if (this.#chunks.size === 0) callback();
    else this.#afterLarge.push(callback);
  }

  /** The peer has taken chunks. False when that is more than were sent. */
  grantChunks(bytes: number): boolean {
    if (!this.#chunks.grant(bytes)) return false;
    if (this.#chunks.size > 0) processTurns.request(this);
    return true;
  }

  /** A message in chunks waits for the peer to take what it has of it. */
  get awaitsChunkCredit(): boolean {
    return this.#chunks.awaitsCredit;
  }

  /** Frames and writes the next chunk. Returns 0 when there is none, or no credit, or the system takes nothing. */
  sendChunk(): number {
    if (this.#writing || this.#state === 'closed') return 0;
    const sent = this.#chunks.frameNext(this.writer, this.#base);
    if (sent === 0) {
      if (this.#chunks.size > 0) this.watcher?.blocked();
      return 0;
    }
    this.watcher?.flowing();
    if (this.offset >= this.probeAt) this.watcher?.probeDue();
    this.#write();
    this.#chunksChanged();
    return sent;
  }

  /** Calls back once, when there is room or the outbox is closed. */
  whenRoom(callback: () => void): void {
    this.#waiting.push(callback);
  }

  flush(): void {
    this.#flushScheduled = false;
    this.#earlyFlushBytes = EARLY_FLUSH_BYTES;
    if (this.offset >= this.probeAt) this.watcher?.probeDue();
    this.#write();
    if (this.onFlushed !== undefined) this.onFlushed();
  }

  /** Calls back when all was handed over to the system; what is sent after that is dropped. */
  end(whenEmpty: () => void): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#whenEmpty = whenEmpty;
    this.flush();
  }

  /** Drops what was not handed over. */
  close(): void {
    this.#state = 'closed';
    this.#whenEmpty = undefined;
    this.#chunks.clear();
    this.#afterLarge = [];
    this.#notifyWaiting();
  }

  #write(): void {
    if (this.#encoding) return;
    const { writer } = this;
    if (!this.#writing) this.#reclaim();
    while (this.#state !== 'closed' && !this.#writing && this.#handedOver < writer.position) {
      const end = Math.min(writer.position, this.#handedOver + MAX_WRITE_BYTES);
      const bytes = writer.bytes.subarray(this.#handedOver, end);
      this.#handedOver = end;
      this.#sink.write(bytes, this.#onWritten);
      this.#writing = this.#sink.writableLength > 0;
      if (this.#writing) this.watcher?.blocked();
    }
    if (!this.#writing) this.#reclaim();
    if (this.#waiting.length > 0) this.#notifyWaiting();
    if (this.#whenEmpty !== undefined && this.#chunks.size === 0 && this.#handedOver === writer.position) {
      const whenEmpty = this.#whenEmpty;
      this.#whenEmpty = undefined;
      this.#state = 'closed';
      whenEmpty();
    }
  }

  readonly #onWritten = (): void => {
    if (!this.#writing || this.#sink.writableLength > 0) return;
    this.#writing = false;
    this.watcher?.flowing();
    this.onProgress();
    this.#write();
    if (this.#chunks.size > 0) processTurns.request(this);
  };

  /** Moves what waits to the front: only when it is the smaller part, so that each byte is moved about once. */
  #reclaim(): void {
    const { writer } = this;
    const waiting = writer.position - this.#handedOver;
    if (this.#handedOver === 0 || waiting > this.#handedOver) return;
    this.#base += this.#handedOver;
    if (waiting === 0) {
      this.#handedOver = 0;
      writer.reset();
      return;
    }
    writer.bytes.copyWithin(0, this.#handedOver, writer.position);
    writer.position = waiting;
    this.#handedOver = 0;
  }

  /** Takes the frame out of the writer, with its buffer when it is long: what precedes it moves to a new one. */
  #defer(start: number): LargeMessage {
    const { writer } = this;
    const { bytes } = writer;
    const message = largeMessageOf(bytes, start, writer.position);
    writer.position = start;
    if (message.bytes === bytes) {
      writer.position = start - this.#handedOver;
      writer.bytes = Buffer.allocUnsafeSlow(Math.max(INITIAL_BYTES, writer.position));
      writer.bytes.set(bytes.subarray(this.#handedOver, start));
      this.#base += this.#handedOver;
      this.#handedOver = 0;
    }
    this.#chunks.add(message);
    processTurns.request(this);
    return message;
  }

  #chunksChanged(): void {
    if (this.#waiting.length > 0) this.#notifyWaiting();
    if (this.#chunks.size > 0 || this.#afterLarge.length === 0) return;
    for (const callback of this.#afterLarge.splice(0)) callback();
  }

  #notifyWaiting(): void {
    while (this.#waiting.length > 0 && (this.#state === 'closed' || this.hasRoom)) this.#waiting.shift()?.();
  }
}

function flush(outbox: Outbox): void {
  outbox.flush();
}
