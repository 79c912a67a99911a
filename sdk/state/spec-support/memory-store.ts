import type { Mutation, StateStore, StoredEntry, StoredValue } from '../driver.js';

/** A store that ends with this process; writes are acknowledged in the next turn. */
export class MemoryStore implements StateStore {
  readonly #states = new Map<string, Map<string, StoredValue>>();
  /** What the next writes fail with. */
  failure: Error | undefined;

  async get(state: string, key: string): Promise<StoredValue | undefined> {
    return this.latest(state, key);
  }

  latest(state: string, key: string): StoredValue | undefined {
    return this.#states.get(state)?.get(key);
  }

  async write(mutation: Mutation): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    const entries = this.#states.get(mutation.state) ?? new Map<string, StoredValue>();
    this.#states.set(mutation.state, entries);
    if (mutation.kind === 'set') entries.set(mutation.key, mutation.value);
    else entries.delete(mutation.key);
    await new Promise((resolve) => setImmediate(resolve));
  }

  async list(
    state: string,
    prefix: string,
    after: string | undefined,
    limit: number,
  ): Promise<readonly StoredEntry[]> {
    return [...(this.#states.get(state) ?? [])]
      .filter(([key]) => key.startsWith(prefix) && (after === undefined || key > after))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, limit)
      .map(([key, value]) => ({ key, value }));
  }

  schemas(state: string): readonly string[] {
    return [...new Set([...(this.#states.get(state)?.values() ?? [])].map(({ schema }) => schema))];
  }

  async close(): Promise<void> {}
}
