import { CHUNK_BYTES, FRAME_HEADER_BYTES, type FrameKind } from './frame.js';
import { callIdAt, kindAt } from './frame-bytes.js';

/** A message that waits to be sent in chunks, or behind one of the same call. */
export interface LargeMessage {
  readonly kind: FrameKind;
  readonly callId: number;
  /** Its body is `bytes` from `start` to `end`. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** The body is framed up to here. */
  position: number;
  /** Of its last frame, counted from the connection's first byte; Infinity until it is framed. */
  lastFrameAt: number;
  endOffset: number;
}

/** The frame that `bytes` hold from `frame` to `end`. A long one keeps the buffer; of a short one the body is copied. */
export function largeMessageOf(bytes: Buffer, frame: number, end: number): LargeMessage {
  const body = frame + FRAME_HEADER_BYTES;
  const long = end - body > CHUNK_BYTES;
  const start = long ? body : 0;
  return {
    kind: kindAt(bytes, frame),
    callId: callIdAt(bytes, frame),
    bytes: long ? bytes : Buffer.from(bytes.subarray(body, end)),
    start,
    end: long ? end : end - body,
    position: start,
    lastFrameAt: Number.POSITIVE_INFINITY,
    endOffset: Number.POSITIVE_INFINITY,
  };
}

/**
 * The messages of one connection that are sent in chunks: those of different calls take turns, those of one call follow
 * one another. At most `maxBegun` are begun and not ended: the receiver holds no more.
 */
export class LargeMessages {
  readonly #maxBegun: number;
  readonly #ofCall = new Map<number, LargeMessage[]>();
  /** The first message of each call: those that take turns, and those that wait for one of them to end. */
  #turns: LargeMessage[] = [];
  #waiting: LargeMessage[] = [];
  #bytes = 0;

  constructor(maxBegun: number) {
    this.#maxBegun = maxBegun;
  }

  /** Calls that have messages here. */
  get size(): number {
    return this.#ofCall.size;
  }

  /** Of bodies, not framed yet. */
  get bytes(): number {
    return this.#bytes;
  }

  has(callId: number): boolean {
    return this.#ofCall.has(callId);
  }

  add(message: LargeMessage): void {
    this.#bytes += message.end - message.position;
    const queue = this.#ofCall.get(message.callId);
    if (queue !== undefined) {
      queue.push(message);
      return;
    }
    this.#ofCall.set(message.callId, [message]);
    this.#waiting.push(message);
    this.#fill();
  }

  /** Whose turn it is. */
  next(): LargeMessage | undefined {
    return this.#turns[0];
  }

  /** `bytes` of the message whose turn it was are framed. */
  advance(message: LargeMessage, bytes: number): void {
    message.position += bytes;
    this.#bytes -= bytes;
    this.#turns.shift();
    if (message.position < message.end) {
      this.#turns.push(message);
      return;
    }
    const queue = this.#ofCall.get(message.callId);
    queue?.shift();
    const [next] = queue ?? [];
    if (next === undefined) this.#ofCall.delete(message.callId);
    else this.#waiting.push(next);
    this.#fill();
  }

  /** Forgets what is not framed of the call. */
  drop(callId: number): void {
    const queue = this.#ofCall.get(callId);
    if (queue === undefined) return;
    for (const message of queue) this.#bytes -= message.end - message.position;
    this.#ofCall.delete(callId);
    this.#turns = this.#turns.filter((message) => message.callId !== callId);
    this.#waiting = this.#waiting.filter((message) => message.callId !== callId);
    this.#fill();
  }

  clear(): void {
    this.#ofCall.clear();
    this.#turns = [];
    this.#waiting = [];
    this.#bytes = 0;
  }

  #fill(): void {
    while (this.#turns.length < this.#maxBegun) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      this.#turns.push(message);
    }
  }
}
