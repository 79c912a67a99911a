const SLOT_BITS = 16;
const SLOT_MASK = 2 ** SLOT_BITS - 1;
/** Ids stay below 2^31, which V8 keeps as small integers. */
const MAX_GENERATION = 2 ** (31 - SLOT_BITS) - 1;

/** Most slots that a call id can name. */
export const MAX_CALL_SLOTS = 2 ** SLOT_BITS;

/** The slot that a call id names. */
export function slotOf(callId: number): number {
  return callId & SLOT_MASK;
}

/**
 * The calls in flight of one connection. A call id is a slot and the slot's generation, which rises at each use:
 * a reply to an earlier use of the slot finds nothing. Ids are never 0.
 */
export class CallTable<Entry> {
  readonly #capacity: number;
  readonly #entries: (Entry | undefined)[] = [];
  readonly #generations: number[] = [];
  readonly #free: number[] = [];
  #size = 0;
  #added = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  /** Calls that were removed so far. */
  get removed(): number {
    return this.#added - this.#size;
  }

  get full(): boolean {
    return this.#size >= this.#capacity;
  }

  /** The call id. Throws RangeError when the table is full: look before. */
  add(entry: Entry): number {
    if (this.full) throw new RangeError(`all ${this.#capacity} call slots are taken`);
    const slot = this.#free.pop() ?? this.#entries.length;
    const generation = ((this.#generations[slot] ?? 0) % MAX_GENERATION) + 1;
    this.#entries[slot] = entry;
    this.#generations[slot] = generation;
    this.#size++;
    this.#added++;
    return generation * MAX_CALL_SLOTS + slot;
  }

  /** Undefined for an id that is not in use (any more). */
  get(id: number): Entry | undefined {
    const slot = slotOf(id);
    return this.#generations[slot] === id >>> SLOT_BITS ? this.#entries[slot] : undefined;
  }

  /** Puts another entry under an id that is in use. */
  replace(id: number, entry: Entry): void {
    if (this.get(id) !== undefined) this.#entries[slotOf(id)] = entry;
  }

  remove(id: number): Entry | undefined {
    const entry = this.get(id);
    if (entry === undefined) return undefined;
    const slot = slotOf(id);
    this.#entries[slot] = undefined;
    this.#free.push(slot);
    this.#size--;
    return entry;
  }

  /** Entries may be removed while it runs. */
  forEach(visit: (entry: Entry) => void): void {
    for (const entry of this.#entries) {
      if (entry !== undefined) visit(entry);
    }
  }
}
