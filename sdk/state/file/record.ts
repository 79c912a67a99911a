import { crc32 } from 'node:zlib';
import { Reader } from '../../codec/reader.js';
import { MalformedInput, MessageTooLarge } from '../../codec/violations.js';
import type { Writer } from '../../codec/writer.js';
import { MAX_KEY_BYTES, MAX_VALUE_BYTES } from '../state.js';

/**
 * One record of the log. On disk: CRC-32 of what follows (uint32 LE), length of the payload (uint32 LE), payload. The
 * payload is Avro binary: a byte for the kind, then the fields in the order below.
 */
export type LogRecord =
  /** Schemas are numbered in the order of these records, from 0; values refer to them by number. */
  | { readonly kind: 'schema'; readonly state: string; readonly schema: string }
  | {
      readonly kind: 'set';
      /** Of the state too: a schema belongs to one. */
      readonly schema: number;
      /** Unix ms; 0: never. */
      readonly expiresAt: number;
      readonly key: string;
      readonly value: Uint8Array;
    }
  | { readonly kind: 'delete'; readonly state: string; readonly key: string };

export const HEADER_BYTES = 8;
/** Of the first bytes of a log. */
export const MAGIC = Buffer.from('WDSTATE\x01', 'latin1');
const MAX_SCHEMA_BYTES = 4 * 1024 * 1024;
const MAX_PAYLOAD_BYTES = MAX_VALUE_BYTES + MAX_SCHEMA_BYTES + 4 * MAX_KEY_BYTES;

const KINDS = ['schema', 'set', 'delete'] as const;

/** Bytes of a record at most. */
export const MAX_RECORD_BYTES = HEADER_BYTES + MAX_PAYLOAD_BYTES;

/** Appends a record. Throws MessageTooLarge beyond what a reader would take, and beyond the writer's limit: set it back then. */
export function writeRecord(writer: Writer, record: LogRecord): void {
  const start = writer.position;
  writer.writeUint32(0);
  writer.writeUint32(0);
  writePayload(writer, record);
  const { bytes, position } = writer;
  if (position - start > MAX_RECORD_BYTES) throw new MessageTooLarge(MAX_RECORD_BYTES);
  bytes.writeUInt32LE(position - start - HEADER_BYTES, start + 4);
  bytes.writeUInt32LE(crc32(bytes.subarray(start + 4, position)), start);
}

function writePayload(writer: Writer, record: LogRecord): void {
  writer.writeUint8(KINDS.indexOf(record.kind));
  switch (record.kind) {
    case 'schema':
      writer.writeString(record.state);
      writer.writeString(record.schema);
      break;
    case 'set':
      writer.writeLong(record.schema);
      writer.writeLong(record.expiresAt);
      writer.writeString(record.key);
      writer.writeBytes(record.value);
      break;
    case 'delete':
      writer.writeString(record.state);
      writer.writeString(record.key);
  }
}

export type ScannedRecord =
  | { readonly kind: 'record'; readonly record: LogRecord; readonly end: number }
  /** The bytes end inside of it; it takes so many from its start, as far as is known. */
  | { readonly kind: 'incomplete'; readonly needed: number }
  | { readonly kind: 'damaged' };

/** The record that starts at `start`. Nothing is taken on trust: what is not exactly as it was written is damaged. */
export function scanRecord(bytes: Buffer, start: number): ScannedRecord {
  if (bytes.length - start < HEADER_BYTES) return { kind: 'incomplete', needed: HEADER_BYTES };
  const length = bytes.readUInt32LE(start + 4);
  if (length === 0 || length > MAX_PAYLOAD_BYTES) return { kind: 'damaged' };
  const end = start + HEADER_BYTES + length;
  if (end > bytes.length) return { kind: 'incomplete', needed: HEADER_BYTES + length };
  if (crc32(bytes.subarray(start + 4, end)) !== bytes.readUInt32LE(start)) return { kind: 'damaged' };
  const record = decodePayload(new Reader(bytes, start + HEADER_BYTES, end));
  return record === undefined ? { kind: 'damaged' } : { kind: 'record', record, end };
}

/** Undefined when it is none, though its checksum is right. */
function decodePayload(reader: Reader): LogRecord | undefined {
  try {
    const record = readRecord(reader);
    reader.finish();
    return record;
  } catch (reason) {
    if (reason instanceof MalformedInput) return undefined;
    throw reason;
  }
}

function readRecord(reader: Reader): LogRecord {
  const kind = KINDS[reader.readUint8()];
  switch (kind) {
    case 'schema':
      return { kind, state: reader.readString(), schema: reader.readString() };
    case 'set':
      return {
        kind,
        schema: reader.readLong(),
        expiresAt: reader.readLong(),
        key: reader.readString(),
        value: reader.readBytes(),
      };
    case 'delete':
      return { kind, state: reader.readString(), key: reader.readString() };
    default:
      throw new MalformedInput('a record of a kind that this version of weaverd does not know');
  }
}
