import { writeUtf8 } from './native-text.js';
import { MessageTooLarge } from './violations.js';

const DEFAULT_LIMIT = 64 * 1024 * 1024;
const INITIAL_BYTES = 1024;
/** `reset` gives a larger buffer back to the collector. */
const RETAINED_BYTES = 1024 * 1024;
/** Longest string that is written by a loop over its characters: beyond it the native call wins. */
const SHORT_STRING = 24;
/** Longest that is written before its bytes are counted: their count then takes two bytes at the most. */
const MEDIUM_STRING = 1024;
/** Bytes a UTF-16 unit takes as UTF-8 at the most. */
const MAX_UNIT_BYTES = 3;

/**
 * Appends Avro binary, and the raw little-endian integers of framing, to a buffer that grows.
 *
 * `position` may be set back to undo what was written since: after an encoder threw, or to reuse the buffer.
 * Growing replaces `bytes`, so read it again after every write.
 */
export class Writer {
  /** What was written is `bytes.subarray(0, position)`. */
  bytes: Buffer;
  position = 0;
  /** `position` never passes it; a write that would throws {@link MessageTooLarge}. May be moved for each message. */
  limit: number;

  /** @param limit bytes; 64 MiB by default */
  constructor(limit: number = DEFAULT_LIMIT, initialBytes: number = INITIAL_BYTES) {
    this.limit = limit;
    this.bytes = Buffer.allocUnsafeSlow(Math.min(initialBytes, limit));
  }

  /** Makes room for `count` bytes behind `position`. */
  reserve(count: number): void {
    const needed = this.position + count;
    if (needed > this.limit) throw new MessageTooLarge(this.limit);
    if (needed > this.bytes.length) this.#grow(needed);
  }

  /**
   * Makes room for `count` bytes behind `end`, up to which bytes were written without moving `position`, and returns
   * `bytes`. The room may pass `limit`; what is written in it may not.
   */
  room(end: number, count: number): Buffer {
    if (end + count <= this.bytes.length) return this.bytes;
    if (end > this.limit) throw new MessageTooLarge(this.limit);
    const size = Math.max(end + count, this.bytes.length * 2);
    const larger = Buffer.allocUnsafeSlow(size);
    larger.set(this.bytes.subarray(0, end));
    this.bytes = larger;
    return larger;
  }

  /** Moves `position` to the end of what was written without moving it. */
  finish(end: number): void {
    if (end > this.limit) throw new MessageTooLarge(this.limit);
    this.position = end;
  }

  /** Forgets what was written. */
  reset(): void {
    this.position = 0;
    if (this.bytes.length > RETAINED_BYTES) {
      this.bytes = Buffer.allocUnsafeSlow(Math.min(INITIAL_BYTES, this.limit));
    }
  }

  writeBoolean(value: boolean): void {
    this.writeUint8(value ? 1 : 0);
  }

  /** Avro `int` or `long`. Throws RangeError unless it is a safe integer. */
  writeLong(value: number): void {
    if (value !== (value | 0)) {
      this.#writeLargeLong(value);
      return;
    }
    let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
    this.reserve(varintLength(zigzag));
    const { bytes } = this;
    let position = this.position;
    while (zigzag > 0x7f) {
      bytes[position++] = (zigzag & 0x7f) | 0x80;
      zigzag >>>= 7;
    }
    bytes[position++] = zigzag;
    this.position = position;
  }

  writeDouble(value: number): void {
    this.reserve(8);
    this.position = this.bytes.writeDoubleLE(value, this.position);
  }

  /** Lone surrogates, which UTF-8 cannot carry, are replaced by U+FFFD. */
  writeString(value: string): void {
    const { length } = value;
    if (length <= SHORT_STRING && this.#writeShortAscii(value, length)) return;
    if (length <= MEDIUM_STRING) {
      this.#writeMedium(value, length);
      return;
    }
    const byteLength = Buffer.byteLength(value, 'utf8');
    this.writeLong(byteLength);
    this.reserve(byteLength);
    this.position += writeUtf8(this.bytes, value, this.position, byteLength);
  }

  writeBytes(value: Uint8Array): void {
    this.writeLong(value.length);
    this.writeRaw(value);
  }

  /** Avro `bytes`: two's complement, big-endian, of the least length. */
  writeBigint(value: bigint): void {
    const negative = value < 0n;
    // ~value has the same length as value, and is not negative: the bytes are written inverted.
    const digits = (negative ? ~value : value).toString(16);
    const evenDigits = digits.length % 2 === 0 ? digits : `0${digits}`;
    const signed = evenDigits >= '8' ? `00${evenDigits}` : evenDigits;
    const byteLength = signed.length / 2;
    this.writeLong(byteLength);
    this.reserve(byteLength);
    const start = this.position;
    this.position += this.bytes.write(signed, start, byteLength, 'hex');
    if (!negative) return;
    for (let at = start; at < this.position; at++) this.bytes[at] = ~(this.bytes[at] ?? 0);
  }

  /** The bytes themselves, without a length. */
  writeRaw(value: Uint8Array): void {
    this.reserve(value.length);
    this.bytes.set(value, this.position);
    this.position += value.length;
  }

  writeUint8(value: number): void {
    this.reserve(1);
    this.bytes[this.position++] = value;
  }

  writeUint16(value: number): void {
    this.reserve(2);
    this.position = this.bytes.writeUInt16LE(value, this.position);
  }

  writeUint32(value: number): void {
    this.reserve(4);
    this.position = this.bytes.writeUInt32LE(value, this.position);
  }

  /** Overwrites four bytes that were written before: a length that is known only afterwards. */
  patchUint32(position: number, value: number): void {
    if (position + 4 > this.position) throw new RangeError(`no four bytes were written at ${position}`);
    this.bytes.writeUInt32LE(value, position);
  }

  /** Beyond 32 bits, by division: zig-zag doubles the value, which a double could not hold exactly. */
  #writeLargeLong(value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a safe integer`);
    const negative = value < 0;
    let magnitude = negative ? -(value + 1) : value;
    let byte = (magnitude % 64) * 2 + (negative ? 1 : 0);
    magnitude = Math.floor(magnitude / 64);
    while (magnitude > 0) {
      this.writeUint8(byte | 0x80);
      byte = magnitude % 128;
      magnitude = Math.floor(magnitude / 128);
    }
    this.writeUint8(byte);
  }

  /** False, with nothing written, when there is a character beyond ASCII. */
  #writeShortAscii(value: string, length: number): boolean {
    this.reserve(length + 1);
    const { bytes } = this;
    const start = this.position;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[start + 1 + i] = code;
    }
    bytes[start] = length << 1;
    this.position = start + 1 + length;
    return true;
  }

  /** With room for the count that ASCII takes: two native calls would cost more than the rare move. */
  #writeMedium(value: string, length: number): void {
    const start = this.position;
    const most = length * MAX_UNIT_BYTES;
    const bytes = this.room(start, 2 + most);
    const guessed = varintLength(length << 1);
    const byteLength = writeUtf8(bytes, value, start + guessed, most);
    const countBytes = varintLength(byteLength << 1);
    if (countBytes !== guessed)
      bytes.copyWithin(start + countBytes, start + guessed, start + guessed + byteLength);
    if (countBytes === 1) bytes[start] = byteLength << 1;
    else {
      bytes[start] = ((byteLength << 1) & 0x7f) | 0x80;
      bytes[start + 1] = byteLength >>> 6;
    }
    this.finish(start + countBytes + byteLength);
  }

  #grow(needed: number): void {
    const size = Math.max(needed, Math.min(this.bytes.length * 2, this.limit));
    const larger = Buffer.allocUnsafeSlow(size);
    larger.set(this.bytes.subarray(0, this.position));
    this.bytes = larger;
  }
}

/** Of an unsigned 32-bit integer. */
function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}
