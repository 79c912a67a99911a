import { hashKey } from '../protocol/key-hash.js';
import type { RoutingKey } from '../protocol/routing-key.js';
import type { SliceRange } from './slice-ranges.js';

/** A part of the key space that this replica alone acts for: what `onAcquire` and `onRelease` are given. */
export interface KeySlice {
  /** The first hash of the slice, from 0. */
  readonly start: number;
  /** The first hash behind it, up to 2^32. */
  readonly end: number;
  /** Rises with each change of a key's owner: to fence what the component itself writes elsewhere. */
  readonly epoch: number;
  /** Throws a RoutingKeyError for what is no key. */
  has(key: RoutingKey): boolean;
}

export function keySlice({ start, end, epoch }: SliceRange): KeySlice {
  return {
    start,
    end,
    epoch,
    has(key) {
      const hash = hashKey(key);
      return start <= hash && hash < end;
    },
  };
}
