import { Entry } from './entry.js';

/** Of an entry, beside its key and value, about. */
const ENTRY_BYTES = 400;
/** Larger values, as a share of all, are not kept. */
const LARGEST_SHARE = 0.25;

/**
 * Entries by state and key, of so many bytes at most. What has not been used since the last round goes first (the second-chance
 * algorithm: Corbató, 1968), so that a read changes nothing but a flag. Entries that are being read or written stay, and so do
 * those with attempts in doubt: their number is bounded by what may be under way.
 */
export class EntryCache {
  readonly #maxBytes: number;
  readonly #bucket: (key: string) => number;
  readonly #states = new Map<string, Map<string, Entry>>();
  #lastState: string | undefined;
  #lastEntries: Map<string, Entry> | undefined;
  #bytes = 0;

  constructor(maxBytes: number, bucket: (key: string) => number) {
    this.#maxBytes = maxBytes;
    this.#bucket = bucket;
  }

  get bytes(): number {
    return this.#bytes;
  }

  find(state: string, key: string): Entry | undefined {
    return this.#entries(state)?.get(key);
  }

  entry(state: string, key: string): Entry {
    const found = this.find(state, key);
    if (found !== undefined) return found;
    const entry = new Entry(state, key, this.#bucket(key));
    const entries = this.#states.get(state) ?? new Map<string, Entry>();
    this.#states.set(state, entries);
    entries.set(key, entry);
    return entry;
  }

  /** To be called when an entry's value has changed, or it has become idle. */
  account(entry: Entry): void {
    const value = entry.known?.value?.bytes.length ?? 0;
    this.#bytes -= entry.bytes;
    entry.bytes = ENTRY_BYTES + 2 * entry.key.length + value;
    this.#bytes += entry.bytes;
    if (isRemovable(entry) && (entry.known === undefined || entry.bytes > this.#maxBytes * LARGEST_SHARE))
      this.#remove(entry);
    if (this.#bytes > this.#maxBytes) this.#evict();
  }

  /** All of them, also while they are being removed. */
  *all(): Iterable<Entry> {
    for (const entries of this.#states.values()) yield* entries.values();
  }

  #entries(state: string): Map<string, Entry> | undefined {
    if (state === this.#lastState) return this.#lastEntries;
    const entries = this.#states.get(state);
    if (entries === undefined) return undefined;
    this.#lastState = state;
    this.#lastEntries = entries;
    return entries;
  }

  #evict(): void {
    for (const entries of this.#states.values()) {
      // A Map is in the order of insertion: what gets its second chance goes to the end.
      let left = entries.size * 2;
      for (const entry of entries.values()) {
        if (this.#bytes <= this.#maxBytes || left-- <= 0) break;
        if (isRemovable(entry) && !entry.wasUsed) this.#remove(entry);
        else {
          entry.wasUsed = false;
          entries.delete(entry.key);
          entries.set(entry.key, entry);
        }
      }
    }
  }

  #remove(entry: Entry): void {
    this.#states.get(entry.state)?.delete(entry.key);
    this.#bytes -= entry.bytes;
    entry.bytes = 0;
  }
}

function isRemovable(entry: Entry): boolean {
  return entry.isIdle && entry.inDoubt === undefined && !entry.isLost;
}
