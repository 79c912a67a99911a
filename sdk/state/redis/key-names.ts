import { hashKey } from '../../protocol/key-hash.js';

/** Fixed, as what is stored depends on it. All of a bucket is in one slot of a cluster. */
export const BUCKETS = 64;

/**
 * The names that a component's state has in Redis: a record for each key, and an index of the keys for each bucket of keys,
 * in one hash slot as Redis Cluster wants it for what one script does.
 */
export class KeyNames {
  readonly #namespace: string;

  constructor(prefix: string, app: string, component: string) {
    this.#namespace = `${prefix}${encodeURIComponent(app)}:${encodeURIComponent(component)}:`;
  }

  /** Schemas by id: a hash. */
  schemas(state: string): string {
    return `{${this.#namespace}${state}}`;
  }

  bucket(key: string): number {
    return hashKey(key) % BUCKETS;
  }

  record(state: string, bucket: number, key: string): string {
    return `{${this.#namespace}${state}:${bucket}}${key}`;
  }

  /** A sorted set of scores 0: sorted by bytes. */
  index(state: string, bucket: number): string {
    return `i{${this.#namespace}${state}:${bucket}}`;
  }
}

const HIGH = /[\ud800-\udbff]/;

/**
 * CESU-8 (Unicode Technical Report 26): as UTF-8, but with surrogates encoded one by one, so that the order of bytes is that of
 * UTF-16 units, which is the order of strings here. `key` is well-formed.
 */
export function encodeMember(key: string): Buffer {
  if (!HIGH.test(key)) return Buffer.from(key);
  const parts: Buffer[] = [];
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    parts.push(
      unit >= 0xd800 && unit < 0xe000
        ? Buffer.from([0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)])
        : Buffer.from(key.charAt(i)),
    );
  }
  return Buffer.concat(parts);
}

export function decodeMember(member: Buffer): string {
  let text = '';
  let plain = 0;
  for (let i = 0; i < member.length; i++) {
    const second = member[i + 1] ?? 0;
    if (member[i] !== 0xed || second < 0xa0) continue;
    text += member.toString('utf8', plain, i);
    text += String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | ((member[i + 2] ?? 0) & 0x3f));
    i += 2;
    plain = i + 1;
  }
  return text + member.toString('utf8', plain);
}
