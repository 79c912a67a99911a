import { Reader } from '../../codec/reader.js';
import { Writer } from '../../codec/writer.js';
import type { StoredValue } from '../driver.js';

/** Of the stored times: Unix ms. */
export const WAKE_SCHEMA = '{"type":"long","logicalType":"timestamp-millis"}';
const MAX_LONG_BYTES = 10;

/** The state in which a state's reminders are stored: their times by key. No state of an app has such a name. */
export function wakesOf(state: string): string {
  return `${state}.wakes`;
}

const writer = new Writer(MAX_LONG_BYTES);

/** @param at Unix ms */
export function encodeWake(at: number): StoredValue {
  writer.reset();
  writer.writeLong(at);
  return { bytes: Buffer.from(writer.bytes.subarray(0, writer.position)), schema: WAKE_SCHEMA, expiresAt: 0 };
}

/** Throws MalformedInput. */
export function decodeWake({ bytes }: StoredValue): number {
  const reader = new Reader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const at = reader.readLong();
  reader.finish();
  return at;
}
