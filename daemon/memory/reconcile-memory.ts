import { changeOf, digestOf, idText, isTombstone, type MemoryEntry, type RecordId } from './memory-entry.js';

export interface Survivor {
  readonly host: string;
  /** All it remembers, or those that were asked for ({@link wantedContents}). */
  readonly entries: readonly MemoryEntry[];
}

/** To be written to the store by compare-and-set, if the store still has what `storedDigest` says. */
export interface Restoration extends MemoryEntry {
  /** Undefined: it has none. */
  readonly storedDigest: string | undefined;
}

export interface Reconciliation {
  /** Sorted by bucket and key. */
  readonly restore: readonly Restoration[];
  /** Of which different contents had the same change number. */
  readonly splits: readonly RecordId[];
  /** What was decided and why, a sentence each. */
  readonly events: readonly string[];
}

interface Version {
  readonly value: unknown;
  readonly change: number;
  /** Undefined: the store. */
  readonly host: string | undefined;
}

/**
 * What a leader writes back to a store that may have come back empty or older than what the hosts remember. The highest
 * change number of a record wins, a tombstone's like any other. It keeps its number: somebody who sleeps through this may
 * remember a newer one, which then still wins. Contents that differ under one number were written on two sides of a
 * split: the store's stays, else the one with the lowest digest, under the next number, so that all take it. The order
 * of the survivors does not matter.
 */
export function reconcileMemory(
  stored: readonly MemoryEntry[],
  survivors: readonly Survivor[],
): Reconciliation {
  const versions = new Map<string, { readonly id: RecordId; readonly versions: Version[] }>();
  const add = ({ bucket, key, value }: MemoryEntry, host: string | undefined) => {
    const text = idText({ bucket, key });
    const known = versions.get(text) ?? { id: { bucket, key }, versions: [] };
    versions.set(text, known);
    known.versions.push({ value, change: changeOf(value), host });
  };
  for (const entry of stored) add(entry, undefined);
  for (const { host, entries } of [...survivors].sort((a, b) => (a.host < b.host ? -1 : 1)))
    for (const entry of entries) add(entry, host);
  const restore: Restoration[] = [];
  const splits: RecordId[] = [];
  const events: string[] = [];
  for (const text of [...versions.keys()].sort()) {
    const of = versions.get(text);
    if (of === undefined) continue;
    const inStore = of.versions.find(({ host }) => host === undefined);
    const newest = Math.max(...of.versions.map(({ change }) => change));
    const [chosen, ...others] = contents(of.versions.filter(({ change }) => change === newest));
    if (chosen === undefined || (chosen.host === undefined && others.length === 0)) continue;
    const change = others.length > 0 ? newest + 1 : newest;
    const storedDigest = inStore && digestOf(inStore.value);
    restore.push({ ...of.id, value: withChange(chosen.value, change), storedDigest });
    if (others.length > 0) splits.push(of.id);
    events.push(sentence(text, chosen, others, inStore?.change ?? -1, change));
  }
  return { restore, splits, events };
}

/** One of each content: the store's first, then by digest. */
function contents(versions: readonly Version[]): readonly Version[] {
  const byDigest = new Map<string, Version>();
  for (const version of versions) {
    const digest = digestOf(version.value);
    if (!byDigest.has(digest)) byDigest.set(digest, version);
  }
  const rank = (digest: string) => (byDigest.get(digest)?.host === undefined ? '' : digest);
  return [...byDigest.keys()]
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
    .flatMap((digest) => byDigest.get(digest) ?? []);
}

function withChange(value: unknown, change: number): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value, change } : value;
}

function sentence(
  id: string,
  chosen: Version,
  others: readonly Version[],
  storedChange: number,
  change: number,
): string {
  const source = chosen.host === undefined ? "the store's content" : `what ${chosen.host} remembers`;
  const what = `${source} (change ${chosen.change}${isTombstone(chosen.value) ? ', removed' : ''})`;
  if (others.length > 0) {
    const whose = others.map(({ host }) => host ?? 'the store').join(', ');
    return `${id}: ${whose} had other contents of the same change; ${what} was kept, as change ${change}`;
  }
  const had = storedChange < 0 ? 'was missing from the store' : `was at change ${storedChange} in the store`;
  return `${id} ${had}: ${what} was written back`;
}
