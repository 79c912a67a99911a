interface Kept {
  readonly epoch: number;
  readonly list: readonly string[];
}

/** The store that owners of keys share: it fences by epoch, as sdk/state/redis/scripts.ts does, and loses nothing. */
export class SimStateStore {
  readonly #kept = new Map<string, Kept>();

  /** The list, for an owner that is at least as new as any that has claimed it; else undefined. */
  claim(key: string, epoch: number): readonly string[] | undefined {
    const { epoch: claimed, list } = this.#kept.get(key) ?? { epoch: 0, list: [] };
    if (epoch < claimed) return undefined;
    this.#kept.set(key, { epoch, list });
    return list;
  }

  /** Puts the list in its place, for the owner that has claimed it last. Returns whether it did. */
  write(key: string, epoch: number, list: readonly string[]): boolean {
    const kept = this.#kept.get(key);
    if (epoch !== kept?.epoch) return false;
    this.#kept.set(key, { ...kept, list });
    return true;
  }
}
