import { sliceUtf8 } from './native-text.js';
import { MAX_SHORT_ASCII, readShortAscii } from './short-ascii.js';
import { MalformedInput } from './violations.js';

/** The largest that a bigint can be in V8. */
const MAX_BIGINT_BYTES = 2 ** 27;
/** Time values end here, both ways. */
const MAX_DATE_MS = 8.64e15;
/** 8 bytes hold 56 bits; a safe integer in zig-zag needs 54. */
const MAX_VARINT_BYTES = 8;

/**
 * Reads Avro binary, and the raw little-endian integers of framing, from a part of a buffer. Everything is checked
 * against `end`; what does not fit throws {@link MalformedInput}, and `position` is then undefined.
 */
export class Reader {
  bytes: Buffer;
  position: number;
  /** Nothing is read at or behind it. */
  end: number;

  // The text of the message that is being read, where its layout bundles it (see wire-text.ts).
  /** The part of it that was read from the bytes: one character a byte. */
  text = '';
  textAt = 0;
  /** Where in the bytes `text` starts, and where all of the text ends. */
  textStart = 0;
  textEnd = 0;
  /** All of it, when it is not ASCII; `text` is then empty. */
  wideText: string | undefined = undefined;
  wideTextAt = 0;

  constructor(bytes: Buffer, position = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.position = position;
    this.end = Math.min(end, bytes.length);
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** Throws unless all was read. */
  finish(): void {
    if (this.position !== this.end) throw new MalformedInput(`${this.remaining} bytes are left over`);
  }

  readBoolean(): boolean {
    const byte = this.readUint8();
    if (byte > 1) throw new MalformedInput(`a boolean is ${byte}`);
    return byte === 1;
  }

  /** Avro `int` or `long`, within the safe integers. */
  readLong(): number {
    const first = this.readUint8();
    if (first < 0x80) return (first >>> 1) ^ -(first & 1);
    return this.#readLongerLong(first);
  }

  readDouble(): number {
    const start = this.#take(8);
    return this.bytes.readDoubleLE(start);
  }

  /** Bytes that are not UTF-8 become U+FFFD. */
  readString(): string {
    const start = this.position + 1;
    const zigzag = this.bytes[start - 1] ?? 1;
    const end = start + (zigzag >>> 1);
    if (zigzag > 2 * MAX_SHORT_ASCII || (zigzag & 1) !== 0 || end > this.end) return this.#readLongerString();
    const text = readShortAscii(this.bytes, start, end - start);
    if (text === undefined) return this.#readLongerString();
    this.position = end;
    return text;
  }

  /** A copy, so that it outlives the buffer. */
  readBytes(): Uint8Array {
    const length = this.#readLength();
    const start = this.#take(length);
    return new Uint8Array(this.bytes.subarray(start, start + length));
  }

  /** Avro `bytes` of a big-endian two's complement number. */
  readBigint(): bigint {
    const length = this.#readLength();
    if (length === 0 || length > MAX_BIGINT_BYTES) throw new MalformedInput(`a bigint of ${length} bytes`);
    const start = this.#take(length);
    if ((this.bytes[start] ?? 0) < 0x80)
      return BigInt(`0x${this.bytes.toString('hex', start, start + length)}`);
    const inverted = Buffer.from(this.bytes.subarray(start, start + length));
    for (let at = 0; at < length; at++) inverted[at] = ~(inverted[at] ?? 0);
    return ~BigInt(`0x${inverted.toString('hex')}`);
  }

  /** Avro `timestamp-millis`. */
  readDate(): Date {
    const milliseconds = this.readLong();
    if (Math.abs(milliseconds) > MAX_DATE_MS) throw new MalformedInput(`a date of ${milliseconds} ms`);
    return new Date(milliseconds);
  }

  /** The position of a union's branch or of an enum's symbol, below `count`. */
  readIndex(count: number): number {
    const index = this.readLong();
    if (index < 0 || index >= count) throw new MalformedInput(`branch or symbol ${index} of ${count}`);
    return index;
  }

  /**
   * Items in the next block of an Avro array or map; 0 at its end. `minItemBytes`, at least 1, is what an item takes
   * at the least: a count that the bytes left cannot hold is refused before anything is allocated for it.
   */
  readBlockCount(minItemBytes: number): number {
    let count = this.readLong();
    if (count < 0) {
      count = -count;
      const byteLength = this.#readLength();
      if (byteLength > this.remaining) throw new MalformedInput(`a block of ${byteLength} bytes`);
    }
    if (count * minItemBytes > this.remaining) {
      throw new MalformedInput(`${count} items in ${this.remaining} bytes`);
    }
    return count;
  }

  /** A copy of the next `length` bytes. */
  readRaw(length: number): Buffer {
    const start = this.#take(length);
    return Buffer.from(this.bytes.subarray(start, start + length));
  }

  readUint8(): number {
    const start = this.#take(1);
    return this.bytes[start] ?? 0;
  }

  readUint16(): number {
    const start = this.#take(2);
    return (this.bytes[start] ?? 0) | ((this.bytes[start + 1] ?? 0) << 8);
  }

  readUint32(): number {
    const start = this.#take(4);
    const { bytes } = this;
    const low = (bytes[start] ?? 0) | ((bytes[start + 1] ?? 0) << 8) | ((bytes[start + 2] ?? 0) << 16);
    return (low | ((bytes[start + 3] ?? 0) << 24)) >>> 0;
  }

  #readLength(): number {
    const length = this.readLong();
    if (length < 0) throw new MalformedInput(`a length of ${length}`);
    return length;
  }

  /** Moves behind the next `length` bytes and returns where they start. */
  #take(length: number): number {
    const start = this.position;
    if (length > this.end - start) {
      throw new MalformedInput(`${length} bytes wanted at ${start}, but the message ends at ${this.end}`);
    }
    this.position = start + length;
    return start;
  }

  #readLongerString(): string {
    const length = this.#readLength();
    const start = this.#take(length);
    return length === 0 ? '' : sliceUtf8(this.bytes, start, start + length);
  }

  #readLongerLong(first: number): number {
    const negative = (first & 1) === 1;
    let magnitude = (first & 0x7f) >>> 1;
    let scale = 64;
    for (let count = 2; count <= MAX_VARINT_BYTES; count++) {
      const byte = this.readUint8();
      magnitude += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        const value = negative ? -magnitude - 1 : magnitude;
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      scale *= 128;
    }
    throw new MalformedInput('an integer beyond the safe integers');
  }
}
