import type { Reader } from './reader.js';
import { MalformedInput } from './violations.js';

/*
 * Numbers in messages between proclets of one version. A count is a varint. A number is one byte when it is an integer
 * from 0 to 250; else a byte that tells its form, and the form: an int32 or a double, both little-endian.
 */

export const MAX_SMALL_NUMBER = 250;
const INT32 = 254;
const DOUBLE = 255;

/** The bytes that a number takes at the most, and a count. */
export const MAX_NUMBER_BYTES = 9;
export const MAX_COUNT_BYTES = 5;

const double = new Float64Array(1);
const doubleBytes = new Uint8Array(double.buffer);

/** Writes the number at `at` and returns where it ends. There must be room. */
export function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  const integer = value | 0;
  if (integer === value && (value !== 0 || 1 / value > 0)) {
    if (integer >= 0 && integer <= MAX_SMALL_NUMBER) {
      bytes[at] = integer;
      return at + 1;
    }
    bytes[at] = INT32;
    bytes[at + 1] = integer;
    bytes[at + 2] = integer >>> 8;
    bytes[at + 3] = integer >>> 16;
    bytes[at + 4] = integer >>> 24;
    return at + 5;
  }
  double[0] = value;
  bytes[at] = DOUBLE;
  bytes[at + 1] = doubleBytes[0] ?? 0;
  bytes[at + 2] = doubleBytes[1] ?? 0;
  bytes[at + 3] = doubleBytes[2] ?? 0;
  bytes[at + 4] = doubleBytes[3] ?? 0;
  bytes[at + 5] = doubleBytes[4] ?? 0;
  bytes[at + 6] = doubleBytes[5] ?? 0;
  bytes[at + 7] = doubleBytes[6] ?? 0;
  bytes[at + 8] = doubleBytes[7] ?? 0;
  return at + 9;
}

/** Reads what follows the byte `form`, which was no small number. */
export function readNumber(reader: Reader, at: number, form: number): number {
  const { bytes } = reader;
  if (form === INT32) {
    reader.position = at + 4;
    return (
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)
    );
  }
  if (form !== DOUBLE) throw new MalformedInput(`a number of form ${form}`);
  doubleBytes[0] = bytes[at] ?? 0;
  doubleBytes[1] = bytes[at + 1] ?? 0;
  doubleBytes[2] = bytes[at + 2] ?? 0;
  doubleBytes[3] = bytes[at + 3] ?? 0;
  doubleBytes[4] = bytes[at + 4] ?? 0;
  doubleBytes[5] = bytes[at + 5] ?? 0;
  doubleBytes[6] = bytes[at + 6] ?? 0;
  doubleBytes[7] = bytes[at + 7] ?? 0;
  reader.position = at + 8;
  return double[0] ?? 0;
}

/** Writes a count below 2^32 at `at` and returns where it ends. There must be room. */
export function writeCount(bytes: Uint8Array, at: number, count: number): number {
  let end = at;
  let rest = count;
  while (rest > 0x7f) {
    bytes[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[end++] = rest;
  return end;
}

/** Reads the rest of a count whose first byte, at `at - 1`, says that it goes on. */
export function readCount(reader: Reader, at: number, first: number): number {
  reader.position = at;
  let count = first & 0x7f;
  for (let scale = 0x80; scale <= 0x80 ** (MAX_COUNT_BYTES - 1); scale *= 0x80) {
    const byte = reader.readUint8();
    count += (byte & 0x7f) * scale;
    if (byte < 0x80) return count;
  }
  throw new MalformedInput('a count without end');
}

export function refuseCount(count: number, left: number): never {
  throw new MalformedInput(`${count} items in ${left} bytes`);
}

export function refuseTruncated(position: number, end: number): never {
  throw new MalformedInput(`a message that ends at ${end} goes on up to ${position}`);
}

export function refuseByte(byte: number | undefined): never {
  throw new MalformedInput(`a boolean, branch or symbol is ${byte}`);
}
