import type { RoutingKey } from '../component/component-class.js';

/**
 * Where a key lies in the 32-bit hash space: MurmurHash3 x86 32-bit (Austin Appleby, public domain) over the key's UTF-16
 * code units, little-endian, with seed 0. A number or bigint hashes as its decimal string with a `#` before it, so that 1
 * and '1' are different keys. Fixed: assignments and stored state depend on it.
 */
export function hashKey(key: RoutingKey): number {
  return murmur3(typeof key === 'string' ? key : `#${key}`);
}

/** Whether a routing function gave something usable; anything else is a mistake of the app. */
export function isRoutingKey(key: unknown): key is RoutingKey {
  return (
    typeof key === 'string' || typeof key === 'bigint' || (typeof key === 'number' && !Number.isNaN(key))
  );
}

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

function murmur3(text: string): number {
  let hash = 0;
  const pairs = text.length & ~1;
  for (let i = 0; i < pairs; i += 2) {
    const block = text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16);
    hash ^= mixedBlock(block);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  if (pairs < text.length) hash ^= mixedBlock(text.charCodeAt(pairs));
  hash ^= text.length * 2;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mixedBlock(block: number): number {
  const scaled = Math.imul(block, C1);
  return Math.imul((scaled << 15) | (scaled >>> 17), C2);
}
