import type { RedisPlace, RedisStoreSpec } from '../../../protocol/state-store.js';
import type { StateFence, StoredValue } from '../../driver.js';
import { RedisDriver, type RedisDriverOptions } from '../redis-driver.js';

export const NEVER = new AbortController().signal;

export function standalone(port: number): RedisPlace {
  return { kind: 'standalone', server: { host: '127.0.0.1', port }, database: 0 };
}

export function storeAt(at: RedisPlace, keyPrefix = 'wd:'): RedisStoreSpec {
  return { kind: 'redis', at, keyPrefix, cacheBytes: 64 * 1024 * 1024 };
}

export function driverAt(at: RedisPlace, options: Partial<RedisDriverOptions> = {}): RedisDriver {
  return new RedisDriver({
    store: storeAt(at),
    app: 'shop',
    durability: 'everysec',
    onProblem: () => undefined,
    ...options,
  });
}

/** All keys, under one epoch. */
export function fenceOf(epoch: number): StateFence {
  return { epochOf: () => epoch, onChange: () => undefined };
}

export function value(text: string, expiresAt = 0): StoredValue {
  return { bytes: Buffer.from(text), schema: '"string"', expiresAt };
}

export function textOf(stored: StoredValue | undefined): string | undefined {
  return stored && Buffer.from(stored.bytes).toString();
}
