/**
 * What travels on a connection: `[u32 length][u8 kind][u32 call id][body]`, little-endian; `length` counts what
 * follows it. Frames that belong to no call have the call id 0.
 *
 * To each CALL or OPEN_STREAM the callee sends exactly one final frame (RESULT, THROWN, FAILURE or END), also when it is
 * cancelled. So when the caller has seen it, the call id is free: nothing of the old call can follow.
 */
export const FrameKind = {
  /** Caller's first frame: JSON, see handshake.ts. */
  HELLO: 1,
  /** Callee's first frame, when it accepts: JSON. */
  WELCOME: 2,
  /** Callee's only frame, when it does not: JSON. */
  REFUSED: 3,
  /** `u16 method`, header (call-header.ts), arguments. */
  CALL: 4,
  /** `u32 items`, `u32 bytes` of first credit, then as CALL. */
  OPEN_STREAM: 5,
  /** The encoded result. */
  RESULT: 6,
  /** The encoded error of the app. */
  THROWN: 7,
  /** A failure of the runtime, see failure.ts. */
  FAILURE: 8,
  /** One encoded item of a stream. */
  ITEM: 9,
  /** The stream is over. */
  END: 10,
  /** Caller's: `u32 items`, `u32 bytes` more. */
  CREDIT: 11,
  /** Caller's: it no longer waits. */
  CANCEL: 12,
  PING: 13,
  PONG: 14,
  /** Callee's: send no new calls. The caller answers with the same: there are none behind it. */
  GOAWAY: 15,
  /** A call that was withdrawn before it was sent; to be skipped. */
  WITHDRAWN: 16,
  /** The first part of a message whose body is longer than CHUNK_BYTES: `u8 kind`, `u32` bytes of the whole body. */
  FIRST_CHUNK: 17,
  /** The next part. Any other frame of the call says that the rest does not come. */
  CHUNK: 18,
  /** `u32` bytes of chunks that the receiver has taken: so many more may follow. */
  CHUNK_CREDIT: 19,
  /** Callee's first frame, where the token must not travel: JSON; the HELLO answers it. */
  CHALLENGE: 20,
  /** Stands for another frame, whose body is compressed: see compression/compressed-frame.ts. */
  COMPRESSED: 21,
  /** `u32 number`: measures the link, see compression/probe-train.ts. To be answered at once. */
  PROBE: 22,
  /** `u32 number`, `u32` microseconds since the last probe arrived, `u32` of them that the receiver was idle. */
  PROBE_ANSWER: 23,
  /** Caller's: its calls in flight grow without end (backlog.ts). Calls that have waited too long may be refused. */
  GROWS: 24,
  /** Caller's: that is over. */
  SETTLED: 25,
} as const;

export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

export const PROTOCOL_VERSION = 3;

/**
 * Most of a message in one chunk; longer bodies are sent in chunks. 64 KiB, by which streams are mostly cut, are one frame
 * with what is said of them: a message in chunks takes buffers of its own on both sides, which the collector has to free.
 */
export const CHUNK_BYTES = 64 * 1024 + 256;
/** The message's kind and its body's length. */
export const FIRST_CHUNK_HEADER_BYTES = 5;
/** Bytes of chunks that may be under way: what a small frame may have to wait behind. */
export const CHUNK_WINDOW_BYTES = 2 * CHUNK_BYTES;
/** Messages in chunks of one connection that may be begun and not ended. */
export const MAX_BEGUN_MESSAGES = 8;

export const LENGTH_BYTES = 4;
/** The kind, and the call id. */
export const MIN_FRAME_LENGTH = 5;
export const FRAME_HEADER_BYTES = LENGTH_BYTES + MIN_FRAME_LENGTH;

/** Largest body of HELLO, WELCOME and REFUSED. */
export const MAX_HANDSHAKE_BODY_BYTES = 4096;
export const MAX_HANDSHAKE_BYTES = FRAME_HEADER_BYTES + MAX_HANDSHAKE_BODY_BYTES;

/** The call id of frames that belong to no call. */
export const NO_CALL = 0;

/** One whole frame around `body`. */
export function frameOf(kind: FrameKind, body: Uint8Array, callId = NO_CALL): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + body.length);
  frame.writeUInt32LE(MIN_FRAME_LENGTH + body.length, 0);
  frame[LENGTH_BYTES] = kind;
  frame.writeUInt32LE(callId, LENGTH_BYTES + 1);
  frame.set(body, FRAME_HEADER_BYTES);
  return frame;
}
