import type { Reader } from '../codec/reader.js';
import { MalformedInput, TypeViolation } from '../codec/violations.js';
import type { Writer } from '../codec/writer.js';
import { RemoteCallError } from '../errors/remote-call-error.js';
import type { CallHeader } from './transport.js';

/**
 * `u8 flags`, then what they announce: `u32` milliseconds; 16 bytes of trace id and 8 of span id; `u8` entries of
 * metadata, each two strings.
 */
const HAS_TIMEOUT = 1;
const HAS_TRACE = 2;
const SAMPLED = 4;
const HAS_METADATA = 8;
const ALL_FLAGS = HAS_TIMEOUT | HAS_TRACE | SAMPLED | HAS_METADATA;

export const MAX_METADATA_ENTRIES = 64;
/** Of the keys and values as UTF-8, with their lengths. */
export const MAX_METADATA_BYTES = 16 * 1024;
const MAX_TIMEOUT_MS = 2 ** 32 - 1;
const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;

/** Throws MESSAGE_TOO_LARGE for too much metadata and TypeViolation for trace ids that are none. */
export function encodeCallHeader(writer: Writer, { timeoutMs, trace, metadata }: CallHeader): void {
  const hasMetadata = metadata !== undefined && metadata.size > 0;
  writer.writeUint8(
    (timeoutMs === undefined ? 0 : HAS_TIMEOUT) |
      (trace === undefined ? 0 : HAS_TRACE) |
      (trace?.sampled === true ? SAMPLED : 0) |
      (hasMetadata ? HAS_METADATA : 0),
  );
  if (timeoutMs !== undefined)
    writer.writeUint32(Math.min(Math.max(Math.ceil(timeoutMs), 0), MAX_TIMEOUT_MS));
  if (trace !== undefined) {
    if (!TRACE_ID.test(trace.traceId))
      throw new TypeViolation('trace.traceId', '32 hex digits', typeof trace.traceId);
    if (!SPAN_ID.test(trace.spanId))
      throw new TypeViolation('trace.spanId', '16 hex digits', typeof trace.spanId);
    writeHex(writer, trace.traceId, TRACE_ID_BYTES);
    writeHex(writer, trace.spanId, SPAN_ID_BYTES);
  }
  if (hasMetadata) encodeMetadata(writer, metadata);
}

/** Throws MalformedInput. */
export function decodeCallHeader(reader: Reader): CallHeader {
  const flags = reader.readUint8();
  if ((flags & ~ALL_FLAGS) !== 0) throw new MalformedInput(`call header: unknown flags ${flags}`);
  return {
    timeoutMs: (flags & HAS_TIMEOUT) === 0 ? undefined : reader.readUint32(),
    trace:
      (flags & HAS_TRACE) === 0
        ? undefined
        : {
            traceId: readHex(reader, TRACE_ID_BYTES),
            spanId: readHex(reader, SPAN_ID_BYTES),
            sampled: (flags & SAMPLED) !== 0,
          },
    metadata: (flags & HAS_METADATA) === 0 ? undefined : decodeMetadata(reader),
  };
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

function writeHex(writer: Writer, hex: string, byteLength: number): void {
  writer.reserve(byteLength);
  writer.bytes.write(hex, writer.position, 'hex');
  writer.position += byteLength;
}

function readHex(reader: Reader, byteLength: number): string {
  const start = reader.position;
  if (byteLength > reader.remaining) throw new MalformedInput('call header: cut off in the trace');
  reader.position = start + byteLength;
  return reader.bytes.toString('hex', start, start + byteLength);
}
