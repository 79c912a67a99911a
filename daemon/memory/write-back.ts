import { isBusError, type KeyedStore } from '../bus/bus.js';
import { digestOf } from './memory-entry.js';
import type { Restoration } from './reconcile-memory.js';

const MAX_ATTEMPTS = 5;

export interface WriteBack {
  readonly written: readonly Restoration[];
  /** Changed by another since it was read: to be reconciled again, if need be. */
  readonly skipped: readonly Restoration[];
}

/**
 * Writes what survived to the store, each by compare-and-set. `mayWrite` is asked before each write, as the leader may
 * have changed; then the rest is skipped. Rejects with the store's BusError; it may be called again with the same.
 */
export async function writeBack(
  storeOf: (bucket: string) => KeyedStore,
  restorations: readonly Restoration[],
  mayWrite: () => boolean,
): Promise<WriteBack> {
  const written: Restoration[] = [];
  const skipped: Restoration[] = [];
  for (const restoration of restorations)
    if (await writeOne(storeOf(restoration.bucket), restoration, mayWrite)) written.push(restoration);
    else skipped.push(restoration);
  return { written, skipped };
}

async function writeOne(
  store: KeyedStore,
  { bucket, key, value, storedDigest }: Restoration,
  mayWrite: () => boolean,
): Promise<boolean> {
  let failure: unknown;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const entry = await store.get(key);
    const found = entry && digestOf(entry.value);
    if (found === digestOf(value)) return true;
    if (found !== storedDigest || !mayWrite()) return false;
    try {
      await store.update(key, value, entry?.revision ?? 0);
      return true;
    } catch (reason) {
      if (!isBusError(reason, 'CONFLICT') && !isBusError(reason, 'OUTCOME_UNKNOWN')) throw reason;
      failure = reason; // another wrote, or this one may have been applied: look again
    }
  }
  throw new Error(`${bucket}/${key} could not be written back in ${MAX_ATTEMPTS} attempts`, {
    cause: failure,
  });
}
