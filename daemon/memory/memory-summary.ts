import { createHash } from 'node:crypto';
import { changeOf, digestOf, idText, isChange, type MemoryEntry, type RecordId } from './memory-entry.js';

/** What a daemon remembers, without the contents. */
export interface MemorySummary {
  /** Equal exactly if the rest is. */
  readonly digest: string;
  /** Sorted by bucket and key. */
  readonly records: readonly RecordSummary[];
}

export interface RecordSummary extends RecordId {
  readonly change: number;
  readonly digest: string;
}

export interface SurvivorSummary {
  readonly host: string;
  readonly summary: MemorySummary;
}

/** More are refused. */
export const MAX_RECORDS = 50_000;
const MAX_TEXT = 1024;

export function summarize(entries: readonly MemoryEntry[]): MemorySummary {
  return summaryOf(entries.map((entry) => summarizeRecord(entry)));
}

export function summarizeRecord({ bucket, key, value }: MemoryEntry): RecordSummary {
  return { bucket, key, change: changeOf(value), digest: digestOf(value) };
}

export function summaryOf(given: readonly RecordSummary[]): MemorySummary {
  const byId = given.map((record) => ({ id: idText(record), record }));
  const records = byId.sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ record }) => record);
  const hash = createHash('sha256');
  for (const { bucket, key, change, digest } of records)
    hash.update(`${JSON.stringify([bucket, key, change, digest])}\n`);
  return { digest: hash.digest('hex').slice(0, 32), records };
}

/**
 * Of which records the contents are needed before the store can be reconciled with the survivors, and from whom: each
 * newer or other content once, from the first host by name that has it.
 */
export function wantedContents(
  store: MemorySummary,
  survivors: readonly SurvivorSummary[],
): ReadonlyMap<string, readonly RecordId[]> {
  const stored = new Map(store.records.map((record) => [idText(record), record]));
  const newest = new Map<string, number>();
  const differing = survivors.filter(({ summary }) => summary.digest !== store.digest);
  for (const { summary } of differing)
    for (const record of summary.records) {
      const id = idText(record);
      newest.set(id, Math.max(newest.get(id) ?? stored.get(id)?.change ?? -1, record.change));
    }
  const asked = new Set<string>();
  const wanted = new Map<string, RecordId[]>();
  for (const { host, summary } of [...differing].sort((a, b) => (a.host < b.host ? -1 : 1)))
    for (const record of summary.records) {
      const id = idText(record);
      const known = stored.get(id);
      if (record.change < (newest.get(id) ?? 0)) continue;
      if (known?.change === record.change && known.digest === record.digest) continue;
      const content = `${id} ${record.digest}`;
      if (asked.has(content)) continue;
      asked.add(content);
      const ofHost = wanted.get(host) ?? [];
      wanted.set(host, ofHost);
      ofHost.push({ bucket: record.bucket, key: record.key });
    }
  return wanted;
}

/** Undefined for what is no summary, or does not fit its own digest. */
export function readSummary(body: unknown): MemorySummary | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { digest, records } = body as Partial<Record<keyof MemorySummary, unknown>>;
  if (!isText(digest) || !Array.isArray(records) || records.length > MAX_RECORDS) return undefined;
  const read: RecordSummary[] = [];
  const ids = new Set<string>();
  for (const given of records as readonly unknown[]) {
    if (typeof given !== 'object' || given === null) return undefined;
    const record = given as Partial<Record<keyof RecordSummary, unknown>>;
    const { bucket, key, change } = record;
    if (!isText(bucket) || !isText(key) || !isChange(change) || !isText(record.digest)) return undefined;
    read.push({ bucket, key, change, digest: record.digest });
    ids.add(idText({ bucket, key }));
  }
  if (ids.size !== read.length) return undefined;
  const summary = summaryOf(read);
  return summary.digest === digest ? summary : undefined;
}

/** Undefined for what is no list of entries. */
export function readEntries(body: unknown): readonly MemoryEntry[] | undefined {
  if (!Array.isArray(body) || body.length > MAX_RECORDS) return undefined;
  const entries: MemoryEntry[] = [];
  for (const given of body as readonly unknown[]) {
    if (typeof given !== 'object' || given === null) return undefined;
    const { bucket, key, value } = given as Partial<Record<keyof MemoryEntry, unknown>>;
    if (!isText(bucket) || !isText(key) || value === undefined) return undefined;
    entries.push({ bucket, key, value });
  }
  return entries;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_TEXT;
}
