import { checkRoutingKey, MAX_KEY_LENGTH, type RoutingKey, type RoutingKeyPart } from './routing-key.js';

/**
 * Where a key lies in the 32-bit hash space. MurmurHash3 x86 32-bit (Austin Appleby, public domain) throughout:
 *
 * - a string: over its UTF-16 code units, little-endian, with seed 0;
 * - an integer up to 2^53, number or bigint: over its two's complement of 64 bits, little-endian, seed {@link INTEGER};
 * - another number: over the 64 bits of the double, little-endian, seed {@link DOUBLE};
 * - another bigint: over its magnitude in words of 32 bits, the lowest first, seed {@link BIG} or {@link NEGATIVE_BIG};
 * - a tuple: h = {@link TUPLE} xor its length, then for each value h = its hash, its seed above xor h;
 * - a record: h = {@link RECORD} xor its number of fields, then for each field, sorted by name in order of code units,
 *   name and value in the same way.
 *
 * Fixed: assignments and stored state depend on it; docs/routing.md has examples. Throws RoutingKeyError.
 */
export function hashKey(key: RoutingKey): number {
  if (typeof key === 'string' && key.length <= MAX_KEY_LENGTH) return textHash(key, 0);
  if (typeof key === 'number' && Number.isSafeInteger(key)) return integerHash(key, 0);
  checkRoutingKey(key);
  if (typeof key !== 'object') return partHash(key, 0);
  return isTuple(key) ? tupleHash(key) : recordHash(key);
}

const INTEGER = 0x9e3779b9;
const DOUBLE = 0x3c6ef372;
const BIG = 0x78dde6e4;
const NEGATIVE_BIG = 0xf1bbcdc8;
const TUPLE = 0x1715609d;
const RECORD = 0xb54cda56;

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;
const WORD = 2 ** 32;

function tupleHash(key: readonly RoutingKeyPart[]): number {
  let hash = TUPLE ^ key.length;
  for (const part of key) hash = partHash(part, hash);
  return hash >>> 0;
}

function recordHash(key: Readonly<Record<string, RoutingKeyPart>>): number {
  const names = sorted(Object.keys(key));
  let hash = RECORD ^ names.length;
  for (const name of names) {
    const value = key[name];
    if (value !== undefined) hash = partHash(value, textHash(name, hash));
  }
  return hash >>> 0;
}

/** In place; nearly always they are in order already, as one literal makes all records of a key function. */
function sorted(names: string[]): readonly string[] {
  for (let i = 1; i < names.length; i++) if ((names[i - 1] ?? '') > (names[i] ?? '')) return names.sort();
  return names;
}

function isTuple(key: object): key is readonly RoutingKeyPart[] {
  return Array.isArray(key);
}

function partHash(part: RoutingKeyPart, seed: number): number {
  if (typeof part === 'string') return textHash(part, seed);
  if (typeof part === 'number')
    return Number.isSafeInteger(part) ? integerHash(part, seed) : doubleHash(part, seed);
  const number = Number(part);
  return Number.isSafeInteger(number) ? integerHash(number, seed) : bigHash(part, seed);
}

function textHash(text: string, seed: number): number {
  let hash = seed;
  const pairs = text.length & ~1;
  for (let i = 0; i < pairs; i += 2) {
    hash = withWord(hash, text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16));
  }
  if (pairs < text.length) hash ^= mixed(text.charCodeAt(pairs));
  return finished(hash ^ (text.length * 2));
}

function integerHash(value: number, seed: number): number {
  const low = withWord(seed ^ INTEGER, value | 0);
  return finished(withWord(low, Math.floor(value / WORD) | 0) ^ 8);
}

const double = new Float64Array(1);
const bytes = new DataView(double.buffer);

function doubleHash(value: number, seed: number): number {
  bytes.setFloat64(0, value, true);
  const low = withWord(seed ^ DOUBLE, bytes.getInt32(0, true));
  return finished(withWord(low, bytes.getInt32(4, true)) ^ 8);
}

function bigHash(value: bigint, seed: number): number {
  let hash = seed ^ (value < 0n ? NEGATIVE_BIG : BIG);
  let length = 0;
  for (let rest = value < 0n ? -value : value; rest > 0n; rest >>= 32n) {
    hash = withWord(hash, Number(rest & 0xffffffffn) | 0);
    length += 4;
  }
  return finished(hash ^ length);
}

function withWord(hash: number, word: number): number {
  const block = hash ^ mixed(word);
  return (Math.imul((block << 13) | (block >>> 19), 5) + 0xe6546b64) | 0;
}

function mixed(word: number): number {
  const scaled = Math.imul(word, C1);
  return Math.imul((scaled << 15) | (scaled >>> 17), C2);
}

function finished(hash: number): number {
  const first = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return (second ^ (second >>> 16)) >>> 0;
}
