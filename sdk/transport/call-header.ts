import { type TraceContext, TraceWords } from '../call/trace-context.js';
import type { Reader } from '../codec/reader.js';
import { MalformedInput, TypeViolation } from '../codec/violations.js';
import type { Writer } from '../codec/writer.js';
import { RemoteCallError } from '../errors/remote-call-error.js';
import type { CallHeader } from './transport.js';

/**
 * `u8 flags`, then what they announce: `u32` milliseconds; 16 bytes of trace id and 8 of span id; `u32` hash of the key;
 * `u8` entries of metadata, each two strings.
 */
const HAS_TIMEOUT = 1;
const HAS_TRACE = 2;
const SAMPLED = 4;
const HAS_METADATA = 8;
const HAS_KEY_HASH = 16;
const ALL_FLAGS = HAS_TIMEOUT | HAS_TRACE | SAMPLED | HAS_METADATA | HAS_KEY_HASH;

export const MAX_METADATA_ENTRIES = 64;
/** Of the keys and values as UTF-8, with their lengths. */
export const MAX_METADATA_BYTES = 16 * 1024;
const MAX_TIMEOUT_MS = 2 ** 32 - 1;
const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
/** Flags, milliseconds, both ids, hash: room for them is made at once. */
const FIXED_BYTES = 1 + 4 + TRACE_ID_BYTES + SPAN_ID_BYTES + 4;
const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;

/** Throws MESSAGE_TOO_LARGE for too much metadata and TypeViolation for trace ids that are none. */
export function encodeCallHeader(writer: Writer, { timeoutMs, trace, metadata, keyHash }: CallHeader): void {
  const hasMetadata = metadata !== undefined && metadata.size > 0;
  writer.reserve(FIXED_BYTES);
  const { bytes } = writer;
  let position = writer.position;
  let flags = hasMetadata ? HAS_METADATA : 0;
  const flagsAt = position++;
  if (timeoutMs !== undefined) {
    flags |= HAS_TIMEOUT;
    const whole = Math.min(Math.max(Math.ceil(timeoutMs), 0), MAX_TIMEOUT_MS);
    bytes[position] = whole;
    bytes[position + 1] = whole >>> 8;
    bytes[position + 2] = whole >>> 16;
    bytes[position + 3] = whole >>> 24;
    position += 4;
  }
  if (trace !== undefined) {
    flags |= trace.sampled ? HAS_TRACE | SAMPLED : HAS_TRACE;
    putTrace(bytes, position, trace);
    position += TRACE_ID_BYTES + SPAN_ID_BYTES;
  }
  if (keyHash !== undefined) {
    flags |= HAS_KEY_HASH;
    putWord(bytes, position, keyHash);
    position += 4;
  }
  bytes[flagsAt] = flags;
  writer.position = position;
  if (hasMetadata) encodeMetadata(writer, metadata);
}

/** Throws MalformedInput. */
export function decodeCallHeader(reader: Reader): CallHeader {
  const flags = reader.readUint8();
  if ((flags & ~ALL_FLAGS) !== 0) throw new MalformedInput(`call header: unknown flags ${flags}`);
  return {
    timeoutMs: (flags & HAS_TIMEOUT) === 0 ? undefined : reader.readUint32(),
    trace: (flags & HAS_TRACE) === 0 ? undefined : decodeTrace(reader, (flags & SAMPLED) !== 0),
    keyHash: (flags & HAS_KEY_HASH) === 0 ? undefined : decodeHash(reader),
    metadata: (flags & HAS_METADATA) === 0 ? undefined : decodeMetadata(reader),
  };
}

function decodeTrace(reader: Reader, sampled: boolean): TraceContext {
  const { bytes, position } = reader;
  const end = position + TRACE_ID_BYTES + SPAN_ID_BYTES;
  if (end > reader.end) throw new MalformedInput('call header: cut off in the trace');
  reader.position = end;
  return new TraceWords(
    wordAt(bytes, position),
    wordAt(bytes, position + 4),
    wordAt(bytes, position + 8),
    wordAt(bytes, position + 12),
    wordAt(bytes, position + 16),
    wordAt(bytes, position + 20),
    sampled,
  );
}

function decodeHash(reader: Reader): number {
  const { bytes, position } = reader;
  if (position + 4 > reader.end) throw new MalformedInput('call header: cut off in the hash');
  reader.position = position + 4;
  return wordAt(bytes, position) >>> 0;
}

/** Big-endian, so that the bytes are in the order of the hex digits. */
function wordAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)
  );
}

function putTrace(bytes: Uint8Array, at: number, trace: TraceContext): void {
  const words = trace instanceof TraceWords ? trace : checkedWords(trace);
  putWord(bytes, at, words.trace0);
  putWord(bytes, at + 4, words.trace1);
  putWord(bytes, at + 8, words.trace2);
  putWord(bytes, at + 12, words.trace3);
  putWord(bytes, at + 16, words.span0);
  putWord(bytes, at + 20, words.span1);
}

function putWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

function checkedWords(trace: TraceContext): TraceWords {
  if (!TRACE_ID.test(trace.traceId))
    throw new TypeViolation('trace.traceId', '32 hex digits', typeof trace.traceId);
  if (!SPAN_ID.test(trace.spanId))
    throw new TypeViolation('trace.spanId', '16 hex digits', typeof trace.spanId);
  return TraceWords.from(trace);
}

function encodeMetadata(writer: Writer, metadata: ReadonlyMap<string, string>): void {
  if (metadata.size > MAX_METADATA_ENTRIES) {
    throw tooMuchMetadata(`${metadata.size} entries of metadata; at most ${MAX_METADATA_ENTRIES} travel`);
  }
  writer.writeUint8(metadata.size);
  const start = writer.position;
  for (const [key, value] of metadata) {
    writer.writeString(key);
    writer.writeString(value);
    if (writer.position - start > MAX_METADATA_BYTES) {
      throw tooMuchMetadata(`the metadata is longer than the ${MAX_METADATA_BYTES} bytes that travel`);
    }
  }
}

function decodeMetadata(reader: Reader): ReadonlyMap<string, string> {
  const count = reader.readUint8();
  if (count > MAX_METADATA_ENTRIES) throw new MalformedInput(`call header: ${count} entries of metadata`);
  const start = reader.position;
  const metadata = new Map<string, string>();
  for (let i = 0; i < count; i++) {
    const key = reader.readString();
    metadata.set(key, reader.readString());
    if (reader.position - start > MAX_METADATA_BYTES)
      throw new MalformedInput('call header: too much metadata');
  }
  return metadata;
}

function tooMuchMetadata(message: string): RemoteCallError {
  return new RemoteCallError('MESSAGE_TOO_LARGE', message, { executed: 'no' });
}
