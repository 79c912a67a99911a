import {
  CHUNK_BYTES,
  FIRST_CHUNK_HEADER_BYTES,
  FRAME_HEADER_BYTES,
  LENGTH_BYTES,
  MIN_FRAME_LENGTH,
} from './frame.js';
import { callIdAt, uint32At } from './frame-bytes.js';
import { protocolError } from './protocol-error.js';

/** `bytes` from `start` to `end` is the frame's body; valid only until it returns. */
export type FrameHandler = (kind: number, callId: number, bytes: Buffer, start: number, end: number) => void;

/** A frame that straddles chunks is gathered in a buffer that begins this large and grows as its bytes arrive. */
const FIRST_GATHER_BYTES = 4096;
/** A whole chunk's: it is not allocated anew for each. */
const RETAINED_GATHER_BYTES = FRAME_HEADER_BYTES + FIRST_CHUNK_HEADER_BYTES + CHUNK_BYTES;

/**
 * Finds frames in chunks of any size. Whole frames are handed over where they lie; only one that straddles chunks
 * is copied, and what it claims to be is never allocated before it has arrived.
 */
export class FrameParser {
  /** Longest frame accepted, bytes with its length. */
  maxFrameBytes: number;
  readonly #onFrame: FrameHandler;
  #gathered: Buffer = Buffer.alloc(0);
  #gatheredBytes = 0;
  #stopped = false;
  #paused = false;

  constructor(maxFrameBytes: number, onFrame: FrameHandler) {
    this.maxFrameBytes = maxFrameBytes;
    this.#onFrame = onFrame;
  }

  /** Bytes held for a frame that is not whole yet. */
  get bufferedBytes(): number {
    return this.#gatheredBytes;
  }

  /** Bytes allocated for it. */
  get allocatedBytes(): number {
    return this.#gathered.length;
  }

  /** No further frame is handed over, also of the chunk that is being parsed. */
  stop(): void {
    this.#stopped = true;
    this.#gathered = Buffer.alloc(0);
    this.#gatheredBytes = 0;
  }

  /** Called while a frame is handled: it is the last of this `push`. */
  pause(): void {
    this.#paused = true;
  }

  /**
   * Parses `chunk` up to `length`, or to where it was paused; returns the position of what it has not taken. Throws PROTOCOL_ERROR for an
   * impossible length, and what the handler throws; either way the parser cannot be used any more.
   */
  push(chunk: Buffer, length: number = chunk.length): number {
    this.#paused = false;
    let position = this.#gatheredBytes === 0 ? 0 : this.#completeGathered(chunk, length);
    while (!this.#stopped && !this.#paused && length - position >= LENGTH_BYTES) {
      const end = position + this.#frameBytes(chunk, position);
      if (end > length) break;
      this.#emit(chunk, position, end);
      position = end;
    }
    if (this.#paused) return position;
    if (!this.#stopped && position < length) this.#gather(chunk, position, length);
    return length;
  }

  /** Returns the position behind what was taken from the chunk. */
  #completeGathered(chunk: Buffer, length: number): number {
    let position = 0;
    if (this.#gatheredBytes < LENGTH_BYTES) {
      position = Math.min(LENGTH_BYTES - this.#gatheredBytes, length);
      this.#gather(chunk, 0, position);
      if (this.#gatheredBytes < LENGTH_BYTES) return position;
    }
    const frameBytes = this.#frameBytes(this.#gathered, 0);
    const taken = Math.min(frameBytes - this.#gatheredBytes, length - position);
    this.#gather(chunk, position, position + taken, frameBytes);
    if (this.#gatheredBytes < frameBytes) return position + taken;
    this.#emit(this.#gathered, 0, frameBytes);
    this.#gatheredBytes = 0;
    if (this.#gathered.length > RETAINED_GATHER_BYTES) this.#gathered = Buffer.alloc(0);
    return position + taken;
  }

  #gather(chunk: Buffer, from: number, to: number, atMost = this.maxFrameBytes): void {
    const needed = this.#gatheredBytes + (to - from);
    if (needed > this.#gathered.length) {
      const doubled = Math.min(2 * this.#gathered.length, atMost);
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, FIRST_GATHER_BYTES, doubled));
      this.#gathered.copy(larger, 0, 0, this.#gatheredBytes);
      this.#gathered = larger;
    }
    chunk.copy(this.#gathered, this.#gatheredBytes, from, to);
    this.#gatheredBytes = needed;
  }

  #frameBytes(bytes: Buffer, position: number): number {
    const length = uint32At(bytes, position);
    const frameBytes = LENGTH_BYTES + length;
    if (length < MIN_FRAME_LENGTH || frameBytes > this.maxFrameBytes) {
      throw protocolError(
        `a frame claims ${frameBytes} bytes; from ${FRAME_HEADER_BYTES} to ${this.maxFrameBytes} are allowed`,
      );
    }
    return frameBytes;
  }

  #emit(bytes: Buffer, position: number, end: number): void {
    const kind = bytes[position + LENGTH_BYTES] ?? 0;
    this.#onFrame(kind, callIdAt(bytes, position), bytes, position + FRAME_HEADER_BYTES, end);
  }
}
