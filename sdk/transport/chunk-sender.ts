import type { Writer } from '../codec/writer.js';
import { type CompressBody, compressFrame } from './compression/compressed-frame.js';
import {
  CHUNK_BYTES,
  CHUNK_WINDOW_BYTES,
  FIRST_CHUNK_HEADER_BYTES,
  FRAME_HEADER_BYTES,
  FrameKind,
  LENGTH_BYTES,
  MAX_BEGUN_MESSAGES,
} from './frame.js';
import { kindAt, putHeader, putUint32 } from './frame-bytes.js';
import { type LargeMessage, LargeMessages } from './large-messages.js';

/** The large messages of one connection, and the peer's credit for their chunks. */
export class ChunkSender {
  /** Undefined: all are sent as they are. */
  compress: CompressBody | undefined;
  readonly #messages = new LargeMessages(MAX_BEGUN_MESSAGES);
  #credit = CHUNK_WINDOW_BYTES;

  /** Calls that have messages here. */
  get size(): number {
    return this.#messages.size;
  }

  /** Of bodies, not framed yet. */
  get bytes(): number {
    return this.#messages.bytes;
  }

  /** The next chunk waits for the peer to take earlier ones. */
  get awaitsCredit(): boolean {
    const message = this.#messages.next();
    return message !== undefined && this.#neededCredit(message) > this.#credit;
  }

  has(callId: number): boolean {
    return this.#messages.has(callId);
  }

  add(message: LargeMessage): void {
    this.#messages.add(message);
  }

  /** Forgets what is not framed of the call. False when there is nothing. */
  drop(callId: number): boolean {
    const had = this.#messages.has(callId);
    this.#messages.drop(callId);
    return had;
  }

  clear(): void {
    this.#messages.clear();
  }

  /** False when it is more than was sent. */
  grant(bytes: number): boolean {
    this.#credit += bytes;
    return this.#credit <= CHUNK_WINDOW_BYTES;
  }

  /** The last chunk was withdrawn after it was framed: the peer grants nothing for it. */
  skipped(message: LargeMessage): void {
    if (isShort(message)) return;
    this.#credit += message.endOffset - message.lastFrameAt - FRAME_HEADER_BYTES;
  }

  /**
   * Appends the next chunk's frame, or a short message that waited behind a long one. `base` is the offset of the
   * writer's position 0. Returns its bytes before they are compressed; 0 when there is nothing, or no credit for it.
   */
  frameNext(writer: Writer, base: number): number {
    const message = this.#messages.next();
    if (message === undefined) return 0;
    const { kind, callId, start, end, position } = message;
    const left = end - position;
    const size = Math.min(left, CHUNK_BYTES);
    const short = isShort(message);
    if (this.#neededCredit(message) > this.#credit) return 0;
    const first = position === start && !short;
    const at = writer.position;
    const headerBytes = first ? FRAME_HEADER_BYTES + FIRST_CHUNK_HEADER_BYTES : FRAME_HEADER_BYTES;
    writer.limit = Number.MAX_SAFE_INTEGER;
    writer.reserve(headerBytes + size);
    const frameKind = short ? kind : first ? FrameKind.FIRST_CHUNK : FrameKind.CHUNK;
    putHeader(writer.bytes, at, headerBytes - LENGTH_BYTES + size, frameKind, callId);
    if (first) {
      writer.bytes[at + FRAME_HEADER_BYTES] = kind;
      putUint32(writer.bytes, at + FRAME_HEADER_BYTES + 1, end - start);
    }
    writer.bytes.set(message.bytes.subarray(position, position + size), at + headerBytes);
    writer.position = at + headerBytes + size;
    if (this.compress !== undefined) compressFrame(writer, at, this.compress);
    if (!short) this.#credit -= creditOf(writer, at, size);
    if (size === left) {
      message.lastFrameAt = base + at;
      message.endOffset = base + writer.position;
    }
    this.#messages.advance(message, size);
    return headerBytes + size;
  }

  #neededCredit(message: LargeMessage): number {
    return isShort(message) ? 0 : Math.min(message.end - message.position, CHUNK_BYTES);
  }
}

/** It is one frame, and takes no credit. */
function isShort({ start, end }: LargeMessage): boolean {
  return end - start <= CHUNK_BYTES;
}

/** Of a chunk its part of the message; of a compressed one its body: what is under way counts, not what it becomes. */
function creditOf(writer: Writer, at: number, size: number): number {
  return kindAt(writer.bytes, at) === FrameKind.COMPRESSED ? writer.position - at - FRAME_HEADER_BYTES : size;
}
