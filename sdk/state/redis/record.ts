import type { StoredValue } from '../driver.js';

/**
 * What Redis has of one key, as one string:
 *
 * | bytes | |
 * |---|---|
 * | 16 | the epoch under which it was claimed or written last, in decimal digits |
 * | 16 | the attempt that wrote it last: 8 characters of the process, 8 of a counter |
 * | 1 | `v` with a value, `e` without |
 * | 12 | id of the value's schema |
 * | 16 | when the value expires, Unix ms, in decimal digits; 0: never |
 * | rest | the value |
 *
 * Without a value it lasts {@link EMPTY_MS} only: so long does a key that was read or deleted stay claimed.
 */
export interface StoredRecord {
  readonly epoch: number;
  readonly attempt: string;
  readonly value: RecordValue | undefined;
}

export interface RecordValue {
  readonly schemaId: string;
  readonly expiresAt: number;
  readonly bytes: Buffer;
}

/** Of a key without a value, and of a value after it has expired. */
export const EMPTY_MS = 60_000;

const EPOCH = 16;
export const ATTEMPT = 16;
const SCHEMA = 12;
const EXPIRY = 16;
const CLAIM = EPOCH + ATTEMPT;
const HEAD = CLAIM + 1 + SCHEMA + EXPIRY;

/** The first 32 bytes of a record. */
export function encodeClaim(epoch: number, attempt: string): string {
  return digits(epoch, EPOCH) + attempt;
}

export function encodeRecord(
  epoch: number,
  attempt: string,
  schemaId: string,
  { bytes, expiresAt }: StoredValue,
): Buffer {
  const record = Buffer.allocUnsafe(HEAD + bytes.length);
  record.write(`${encodeClaim(epoch, attempt)}v${schemaId}${digits(expiresAt, EXPIRY)}`, 0, 'latin1');
  record.set(bytes, HEAD);
  return record;
}

/** Undefined for what is none. */
export function decodeRecord(bytes: Buffer): StoredRecord | undefined {
  const epoch = Number(bytes.toString('latin1', 0, EPOCH));
  const attempt = bytes.toString('latin1', EPOCH, CLAIM);
  const kind = bytes.toString('latin1', CLAIM, CLAIM + 1);
  if (!Number.isSafeInteger(epoch) || attempt.length !== ATTEMPT) return undefined;
  if (kind === 'e') return { epoch, attempt, value: undefined };
  const expiresAt = Number(bytes.toString('latin1', HEAD - EXPIRY, HEAD));
  if (kind !== 'v' || bytes.length < HEAD || !Number.isSafeInteger(expiresAt)) return undefined;
  const schemaId = bytes.toString('latin1', CLAIM + 1, CLAIM + 1 + SCHEMA);
  return { epoch, attempt, value: { schemaId, expiresAt, bytes: bytes.subarray(HEAD) } };
}

function digits(number: number, length: number): string {
  return String(number).padStart(length, '0');
}
