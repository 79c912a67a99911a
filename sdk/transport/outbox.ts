import { MessageTooLarge } from '../codec/violations.js';
import { Writer } from '../codec/writer.js';
import { RemoteCallError } from '../errors/remote-call-error.js';
import { FRAME_HEADER_BYTES, type FrameKind, LENGTH_BYTES } from './frame.js';

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

const INITIAL_BYTES = 16 * 1024;
/** Within a turn, the first write is made when so much has gathered, and each next when twice as much has. */
const EARLY_FLUSH_BYTES = 16 * 1024;
const MAX_EARLY_FLUSH_BYTES = 256 * 1024;
/** Most bytes handed over at once while the system does not take all: keeps exact what may have been sent. */
const MAX_WRITE_BYTES = 256 * 1024;

/**
 * The outgoing bytes of one connection. Frames are encoded in place and written together: once at the end of
 * the event loop's turn, and earlier when they are many. At most one write is with the system at a time; what waits
 * behind it was certainly not sent.
 */
export class Outbox {
  readonly writer = new Writer(Number.MAX_SAFE_INTEGER, INITIAL_BYTES);
  /** Called when the system has taken bytes of a write that it did not take at once. */
  onProgress: () => void = () => {};
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

  constructor(sink: ByteSink, limits: OutboxLimits) {
    this.#sink = sink;
    this.limits = limits;
  }

  /** Accepted, and not yet taken by the system. */
  get queuedBytes(): number {
    const waiting = this.writer.position - this.#handedOver;
    return this.#writing ? waiting + this.#sink.writableLength : waiting;
  }

  get hasRoom(): boolean {
    return this.queuedBytes < this.limits.maxQueuedBytes;
  }

  /** Where the next frame begins, counted from the connection's first byte. */
  get offset(): number {
    return this.#base + this.writer.position;
  }

  /** Bytes handed to the system, counted from the connection's first. */
  get handedOverBytes(): number {
    return this.#base + this.#handedOver;
  }

  /** Sends a frame whose body `encode` writes, of `value` if it likes. When it throws, nothing is sent. */
  send<Value = undefined>(
    kind: FrameKind,
    callId: number,
    encode: (writer: Writer, value: Value) => void,
    value: Value,
  ): void;
  send(kind: FrameKind, callId: number, encode: (writer: Writer) => void): void;
  send(
    kind: FrameKind,
    callId: number,
    encode: (writer: Writer, value: unknown) => void,
    value?: unknown,
  ): void {
    const start = this.begin(kind, callId);
    try {
      encode(this.writer, value);
    } catch (error) {
      throw this.rollBack(start, error);
    }
    this.commit(start);
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

  commit(start: number): void {
    const { writer } = this;
    this.#encoding = false;
    putUint32(writer.bytes, start, writer.position - start - LENGTH_BYTES);
    if (this.#state === 'closed') {
      writer.position = start;
      return;
    }
    if (!this.#writing && writer.position - this.#handedOver >= this.#earlyFlushBytes) {
      this.#earlyFlushBytes = Math.min(2 * this.#earlyFlushBytes, MAX_EARLY_FLUSH_BYTES);
      this.#write();
    } else if (!this.#flushScheduled && !this.#writing) {
      this.#flushScheduled = true;
      process.nextTick(flush, this);
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

  /** Calls back once, when there is room or the outbox is closed. */
  whenRoom(callback: () => void): void {
    this.#waiting.push(callback);
  }

  flush(): void {
    this.#flushScheduled = false;
    this.#earlyFlushBytes = EARLY_FLUSH_BYTES;
    this.#write();
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
    }
    if (!this.#writing) this.#reclaim();
    if (this.#waiting.length > 0) this.#notifyWaiting();
    if (this.#whenEmpty !== undefined && this.#handedOver === writer.position) {
      const whenEmpty = this.#whenEmpty;
      this.#whenEmpty = undefined;
      this.#state = 'closed';
      whenEmpty();
    }
  }

  readonly #onWritten = (): void => {
    if (!this.#writing || this.#sink.writableLength > 0) return;
    this.#writing = false;
    this.onProgress();
    this.#write();
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

  #notifyWaiting(): void {
    while (this.#waiting.length > 0 && (this.#state === 'closed' || this.hasRoom)) this.#waiting.shift()?.();
  }
}

function putHeader(bytes: Buffer, at: number, length: number, kind: FrameKind, callId: number): void {
  putUint32(bytes, at, length);
  bytes[at + LENGTH_BYTES] = kind;
  putUint32(bytes, at + LENGTH_BYTES + 1, callId);
}

function putUint32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function flush(outbox: Outbox): void {
  outbox.flush();
}
