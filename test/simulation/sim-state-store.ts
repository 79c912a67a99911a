interface Kept {
  readonly epoch: number;
  readonly list: readonly string[];
}

/** The store that owners of keys share: it fences by epoch, as sdk/state/redis/scripts.ts does, and loses nothing. */
export class SimStateStore {
  readonly #kept = new Map<string, Kept>();
  readonly #isFenced: boolean;

  constructor(isFenced: boolean) {
    this.#isFenced = isFenced;
  }

  /** The list, for an owner that is at least as new as any that has claimed it; else undefined. */
  claim(key: string, epoch: number): readonly string[] | undefined {
    const { epoch: claimed, list } = this.#kept.get(key) ?? { epoch: 0, list: [] };
    if (this.#isFenced && epoch < claimed) return undefined;
    this.#kept.set(key, { epoch, list });
    return list;
  }

  /** The list with the element, for the owner that has claimed it last; else undefined, with nothing changed. */
  append(key: string, epoch: number, element: string): readonly string[] | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined || (this.#isFenced && epoch !== kept.epoch)) return undefined;
    const list = [...kept.list, element];
    this.#kept.set(key, { ...kept, list });
    return list;
  }
}
