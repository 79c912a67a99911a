import { createHash } from 'node:crypto';

export interface RecordId {
  readonly bucket: string;
  readonly key: string;
}

/** A desired record as the store had it, or its tombstone. It says by its own `change` how new it is. */
export interface MemoryEntry extends RecordId {
  readonly value: unknown;
}

/** In place of a record that was removed, so that an older copy does not bring it back. */
export interface Tombstone {
  readonly tombstone: true;
  /** One above that of the removed record. */
  readonly change: number;
  /** Unix ms; says only which tombstones are the oldest. */
  readonly removedAt: number;
}

/** Per bucket; the oldest are given up. */
export const MAX_TOMBSTONES = 1000;

export function tombstone(change: number, removedAt: number): Tombstone {
  return { tombstone: true, change, removedAt };
}

export function isTombstone(value: unknown): value is Tombstone {
  return typeof value === 'object' && value !== null && 'tombstone' in value && value.tombstone === true;
}

/** How often the record was changed; -1 for one that is not there, 0 for one that does not say. */
export function changeOf(value: unknown): number {
  if (value === undefined) return -1;
  if (typeof value !== 'object' || value === null || !('change' in value)) return 0;
  return isChange(value.change) ? value.change : 0;
}

export function isChange(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Of what the store has of a record and what this daemon remembers of it, in case that the store came back older. */
export function newest(stored: unknown, remembered: unknown): unknown {
  return changeOf(remembered) > changeOf(stored) ? remembered : stored;
}

/** Who changes a record: a user by a request, or a leader that notes its progress. */
export type Author = 'user' | 'leader';

const NOTES_PER_REQUEST = 2 ** 17;
const REQUEST_MS = 64;

/**
 * For what is made of it. When changes were made on two sides of a split, or of a store that has lost some, the last
 * request of a user is to win, and not what leaders have noted of another: so requests are numbered by a hybrid logical
 * clock (Kulkarni et al., "Logical Physical Clocks", 2014), the time in steps of {@link REQUEST_MS} ms or one above all
 * before, and notes within them.
 */
export function nextChange(before: unknown, author: Author, unixMs: number): number {
  const change = Math.max(changeOf(before), 0);
  if (author === 'leader') return change + 1;
  const request = Math.max(Math.floor(change / NOTES_PER_REQUEST) + 1, Math.floor(unixMs / REQUEST_MS));
  return request * NOTES_PER_REQUEST;
}

/** The tombstones that are too many, by bucket. */
export function surplusTombstones(entries: readonly MemoryEntry[], max = MAX_TOMBSTONES): RecordId[] {
  const byBucket = new Map<string, { readonly id: RecordId; readonly removedAt: number }[]>();
  for (const { bucket, key, value } of entries) {
    if (!isTombstone(value)) continue;
    const of = byBucket.get(bucket) ?? [];
    byBucket.set(bucket, of);
    of.push({ id: { bucket, key }, removedAt: value.removedAt });
  }
  return [...byBucket.values()].flatMap((tombstones) =>
    tombstones
      .sort((a, b) => b.removedAt - a.removedAt)
      .slice(max)
      .map(({ id }) => id),
  );
}

/** The same for the same JSON value, whatever the order of its fields. */
export function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)) ?? '')
    .digest('hex')
    .slice(0, 32);
}

/** Sorts, and tells records apart. */
export function idText({ bucket, key }: RecordId): string {
  return `${bucket}/${key}`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(
    fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, field]) => [name, sorted(field)]),
  );
}
