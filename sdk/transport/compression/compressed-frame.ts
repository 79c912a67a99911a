import type { Writer } from '../../codec/writer.js';
import {
  CHUNK_BYTES,
  FIRST_CHUNK_HEADER_BYTES,
  FRAME_HEADER_BYTES,
  FrameKind,
  LENGTH_BYTES,
} from '../frame.js';
import { callIdAt, kindAt, putHeader, putUint32 } from '../frame-bytes.js';
import { protocolError } from '../protocol-error.js';
import type { BodyCodec } from './brotli.js';

/**
 * The body of a COMPRESSED frame: `u8` kind of the frame that it stands for, `u32` bytes of that frame's body, the
 * compressed body, and zeros so that it is never less than 1/MAX_EXPANSION of what it becomes.
 */
const HEADER_BYTES = 5;
/** Shorter bodies are not compressed. */
export const MIN_PLAIN_BYTES = 4096;
/** The longest body of a frame that is sent: what a receiver allocates for one at most. */
export const MAX_PLAIN_BYTES = FIRST_CHUNK_HEADER_BYTES + CHUNK_BYTES;
/** Bounds the work that a peer can cause with few bytes. */
export const MAX_EXPANSION = 128;

const COMPRESSED_KINDS: ReadonlySet<number> = new Set([
  FrameKind.CALL,
  FrameKind.OPEN_STREAM,
  FrameKind.RESULT,
  FrameKind.THROWN,
  FrameKind.ITEM,
  FrameKind.FIRST_CHUNK,
  FrameKind.CHUNK,
]);

/** The body compressed, which is shorter; undefined: it is sent as it is. */
export type CompressBody = (body: Buffer) => Buffer | undefined;

/** Replaces the last frame in the writer, which begins at `at`, by a COMPRESSED one where that is worthwhile. */
export function compressFrame(writer: Writer, at: number, compress: CompressBody): void {
  const { bytes } = writer;
  const body = at + FRAME_HEADER_BYTES;
  const plainBytes = writer.position - body;
  const kind = kindAt(bytes, at);
  if (plainBytes < MIN_PLAIN_BYTES || !COMPRESSED_KINDS.has(kind)) return;
  const compressed = compress(bytes.subarray(body, writer.position));
  if (compressed === undefined || compressed.length + HEADER_BYTES >= plainBytes) return;
  const padded = Math.max(compressed.length, Math.ceil(plainBytes / MAX_EXPANSION));
  const start = body + HEADER_BYTES;
  const end = start + padded;
  putHeader(bytes, at, end - at - LENGTH_BYTES, FrameKind.COMPRESSED, callIdAt(bytes, at));
  bytes[body] = kind;
  putUint32(bytes, body + 1, plainBytes);
  bytes.set(compressed, start);
  bytes.fill(0, start + compressed.length, end);
  writer.position = end;
}

export interface PlainFrame {
  readonly kind: number;
  readonly body: Buffer;
}

/**
 * The frame that a COMPRESSED frame's body stands for. Throws PROTOCOL_ERROR, before anything is allocated for it when it
 * claims more than a frame may hold or than its bytes can give, and when it is not what it claims.
 */
export function decompressFrame(
  bytes: Buffer,
  start: number,
  end: number,
  { codec, maxFrameBytes }: { readonly codec: BodyCodec; readonly maxFrameBytes: number },
): PlainFrame {
  if (end - start <= HEADER_BYTES) throw protocolError('a compressed frame is cut off');
  const kind = bytes[start] ?? 0;
  if (!COMPRESSED_KINDS.has(kind)) throw protocolError(`frames of kind ${kind} are not compressed`);
  const plainBytes = bytes.readUInt32LE(start + 1);
  const compressed = bytes.subarray(start + HEADER_BYTES, end);
  const most = Math.min(MAX_PLAIN_BYTES, maxFrameBytes, MAX_EXPANSION * compressed.length);
  if (plainBytes < MIN_PLAIN_BYTES || plainBytes > most) {
    throw protocolError(
      `a compressed frame of ${compressed.length} bytes claims ${plainBytes}; from ${MIN_PLAIN_BYTES} to ${most} are allowed`,
    );
  }
  let body: Buffer;
  try {
    body = codec.decompress(compressed, plainBytes);
  } catch (error) {
    throw protocolError(`a compressed frame does not give the ${plainBytes} bytes that it claims`, error);
  }
  if (body.length !== plainBytes) {
    throw protocolError(`a compressed frame gives ${body.length} bytes and claims ${plainBytes}`);
  }
  return { kind, body };
}
