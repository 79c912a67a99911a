import type { Bus } from '../bus/bus.js';
import type { Subjects } from '../bus/subjects.js';
import { changeOf, idText, type MemoryEntry } from '../memory/memory-entry.js';
import { askSurvivors } from '../memory/memory-service.js';
import { summarize } from '../memory/memory-summary.js';
import { reconcileMemory } from '../memory/reconcile-memory.js';
import { writeBack } from '../memory/write-back.js';
import type { Clock } from '../processes/clock.js';

/** A memory that differs for so long does not just lag behind the store. */
const MAX_LAG_MS = 3000;
/** A host that is there and does not say what it remembers holds decisions up for no longer. */
const MAX_SILENCE_MS = 10_000;

export interface SurvivorsOptions {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly clock: Clock;
  /** What the store has, as this daemon follows it. */
  readonly stored: () => readonly MemoryEntry[];
  readonly mayWrite: () => boolean;
  readonly onEvent: (message: string) => void;
}

/** Gives a store that came back empty or older what the hosts remember. */
export class Survivors {
  readonly #options: SurvivorsOptions;
  /** Since when a host's memory differs from the store, monotonic ms. */
  readonly #differsSince = new Map<string, number>();
  /** Counts the reasons to ask: one that comes while hosts are asked is a reason to ask again. */
  #reasons = 1;
  #answered = 0;
  /** Since when some host did not answer, monotonic ms. */
  #silentSince: number | undefined;
  /** Change numbers of what was written back and is not followed yet, by record; and since when, monotonic ms. */
  #written: { readonly changes: ReadonlyMap<string, number>; readonly at: number } | undefined;

  constructor(options: SurvivorsOptions) {
    this.#options = options;
  }

  /** The store was rebuilt, or a new leader knows nothing of it. */
  suspect(): void {
    this.#reasons++;
  }

  /**
   * Asks the hosts and writes back what is newer there, if there is a reason to. `memories` is what each host says of
   * its memory. False once the store is known to be as new as what is remembered: until then it must not decide what
   * runs. Rejects with the store's BusError; to be called again then.
   */
  async restore(memories: ReadonlyMap<string, string>): Promise<boolean> {
    const { bus, subjects, stored, mayWrite, onEvent } = this.#options;
    if (!this.#isNeeded(memories)) return this.#isBehind();
    const reasons = this.#reasons;
    const { survivors, silent } = await askSurvivors(bus, subjects, [...memories.keys()], stored());
    const { restore, events } = reconcileMemory(stored(), survivors);
    const { written, skipped } = await writeBack((bucket) => bus.store(bucket), restore, mayWrite);
    if (written.length > 0) {
      for (const event of events) onEvent(event);
      const changes = new Map(written.map((each) => [idText(each), changeOf(each.value)]));
      this.#written = { changes, at: this.#options.clock.monotonic() };
    }
    this.#differsSince.clear();
    if (skipped.length > 0 || this.#mustWaitFor(silent)) return true;
    this.#answered = reasons;
    return this.#isDue || this.#isBehind();
  }

  /** What was written back is not yet told by the store; if it is lost again before that, it is asked for anew. */
  #isBehind(): boolean {
    if (this.#written === undefined) return false;
    const { changes, at } = this.#written;
    const stored = new Map(this.#options.stored().map((entry) => [idText(entry), changeOf(entry.value)]));
    const isBehind = [...changes].some(([id, change]) => (stored.get(id) ?? -1) < change);
    if (!isBehind) this.#written = undefined;
    else if (this.#options.clock.monotonic() - at >= MAX_LAG_MS) {
      this.#written = undefined;
      this.suspect();
    }
    return isBehind;
  }

  get #isDue(): boolean {
    return this.#answered < this.#reasons;
  }

  #mustWaitFor(silent: readonly string[]): boolean {
    if (silent.length === 0) {
      this.#silentSince = undefined;
      return false;
    }
    const now = this.#options.clock.monotonic();
    this.#silentSince ??= now;
    return now - this.#silentSince < MAX_SILENCE_MS;
  }

  #isNeeded(memories: ReadonlyMap<string, string>): boolean {
    const { digest } = summarize(this.#options.stored());
    const now = this.#options.clock.monotonic();
    let isNeeded = false;
    for (const [host, remembered] of memories) {
      if (remembered === digest) {
        this.#differsSince.delete(host);
        continue;
      }
      const since = this.#differsSince.get(host) ?? now;
      this.#differsSince.set(host, since);
      if (this.#isDue || now - since >= MAX_LAG_MS) isNeeded = true;
    }
    for (const host of this.#differsSince.keys()) if (!memories.has(host)) this.#differsSince.delete(host);
    if (!isNeeded && memories.size > 0) this.#answered = this.#reasons;
    return isNeeded;
  }
}
