import {
  CHUNK_BYTES,
  FIRST_CHUNK_HEADER_BYTES,
  FRAME_HEADER_BYTES,
  FrameKind,
  MAX_BEGUN_MESSAGES,
} from './frame.js';
import { protocolError } from './protocol-error.js';

/** A message that has arrived in chunks; its body is all of `body`. */
export interface AssembledMessage {
  readonly kind: number;
  readonly body: Buffer;
}

interface Partial {
  readonly kind: number;
  readonly body: Buffer;
  filled: number;
}

/** Kinds of frames that may be long enough to come in chunks. */
const CHUNKED_KINDS: ReadonlySet<number> = new Set([
  FrameKind.CALL,
  FrameKind.OPEN_STREAM,
  FrameKind.RESULT,
  FrameKind.THROWN,
  FrameKind.ITEM,
]);

/**
 * Puts the messages of one connection together that come in chunks. Bounded: no message is longer than a frame may be,
 * which is checked before anything is allocated for it, and no more than MAX_BEGUN_MESSAGES are held.
 */
export class Assembler {
  readonly #partial = new Map<number, Partial>();
  readonly #maxFrameBytes: number;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Messages that are not whole yet. */
  get size(): number {
    return this.#partial.size;
  }

  /** Allocated for them. */
  get allocatedBytes(): number {
    let sum = 0;
    for (const { body } of this.#partial.values()) sum += body.length;
    return sum;
  }

  /** A FIRST_CHUNK's body. Throws PROTOCOL_ERROR for what no sender sends. */
  first(callId: number, bytes: Buffer, start: number, end: number): void {
    if (end - start <= FIRST_CHUNK_HEADER_BYTES) throw protocolError('a first chunk is cut off');
    const kind = bytes[start] ?? 0;
    const bodyBytes = bytes.readUInt32LE(start + 1);
    if (!CHUNKED_KINDS.has(kind)) throw protocolError(`frames of kind ${kind} do not come in chunks`);
    const frameBytes = FRAME_HEADER_BYTES + bodyBytes;
    if (bodyBytes <= CHUNK_BYTES || frameBytes > this.#maxFrameBytes) {
      throw protocolError(
        `a message in chunks claims ${frameBytes} bytes; up to ${this.#maxFrameBytes} are allowed`,
      );
    }
    if (this.#partial.has(callId)) throw protocolError(`call ${callId} begins a message within another`);
    if (this.#partial.size >= MAX_BEGUN_MESSAGES) {
      throw protocolError(`more than ${MAX_BEGUN_MESSAGES} messages were begun and not ended`);
    }
    const partial = { kind, body: Buffer.allocUnsafeSlow(bodyBytes), filled: 0 };
    this.#partial.set(callId, partial);
    append(partial, bytes, start + FIRST_CHUNK_HEADER_BYTES, end);
  }

  /** A CHUNK's body. Returns the message when it is whole. */
  next(callId: number, bytes: Buffer, start: number, end: number): AssembledMessage | undefined {
    const partial = this.#partial.get(callId);
    if (partial === undefined) throw protocolError(`a chunk of no message: call ${callId}`);
    if (end <= start) throw protocolError('a chunk is empty');
    append(partial, bytes, start, end);
    if (partial.filled < partial.body.length) return undefined;
    this.#partial.delete(callId);
    return partial;
  }

  /** The sender has given the call's message up, if it has begun one. */
  drop(callId: number): void {
    this.#partial.delete(callId);
  }

  clear(): void {
    this.#partial.clear();
  }
}

/** A first chunk is never the whole message. */
function append(partial: Partial, bytes: Buffer, start: number, end: number): void {
  const { body, filled } = partial;
  if (end - start > body.length - filled) {
    throw protocolError(`a message in chunks is longer than the ${body.length} bytes that it claimed`);
  }
  body.set(bytes.subarray(start, end), filled);
  partial.filled = filled + (end - start);
}
