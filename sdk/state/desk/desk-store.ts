import type { StateWriteAnswer } from '../../protocol/state-query.js';
import type { StateStore, StoredEntry, StoredValue } from '../driver.js';

/** The stored state of one component as an operator sees it: bytes with their schemas. */
export interface DeskStore {
  states(): readonly { readonly state: string; readonly schema: string | undefined }[];
  /** See StateStore. */
  list(
    state: string,
    prefix: string,
    after: string | undefined,
    limit: number,
  ): Promise<readonly StoredEntry[]>;
  /** Rejects with STALE_OWNER when another process answers for the key. */
  get(state: string, key: string): Promise<StoredValue | undefined>;
  /** Stores the value, unless there is another and it is not to `overwrite`. Rejects with a StateError. */
  restore(state: string, key: string, value: StoredValue, overwrite: boolean): Promise<RestoreOutcome>;
}

export type RestoreOutcome = StateWriteAnswer['outcome'];

/** What to do about a value that is to be restored, given what is there. */
export function restoreOutcome(
  before: StoredValue | undefined,
  value: StoredValue,
  overwrite: boolean,
): RestoreOutcome {
  if (before === undefined) return 'written';
  const isSame =
    before.schema === value.schema &&
    before.expiresAt === value.expiresAt &&
    Buffer.compare(before.bytes, value.bytes) === 0;
  if (isSame) return 'same';
  return overwrite ? 'written' : 'kept';
}

/** Without an owner's own ways: for a store that nobody else uses. */
export async function restoreInto(
  store: StateStore,
  at: { readonly state: string; readonly key: string },
  value: StoredValue,
  overwrite: boolean,
): Promise<RestoreOutcome> {
  const outcome = restoreOutcome(await store.latest(at.state, at.key), value, overwrite);
  if (outcome === 'written') await store.write({ kind: 'set', ...at, value });
  return outcome;
}
