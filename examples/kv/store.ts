import { type Context, component, type State } from 'weaverd';

export interface Item {
  readonly value: string;
  /** How often it was written. */
  readonly revision: number;
}

/** A key-value store: one replica acts for a key at a time, and each item is durable before it is acknowledged. */
export class Store {
  readonly #items: State<Item>;

  constructor(ctx: Context) {
    this.#items = ctx.state<Item>('items');
  }

  async get(key: string): Promise<Item | undefined> {
    return this.#items.get(key);
  }

  /**
   * Resolves with its revision.
   * @param ttl ms; for ever by default
   */
  async put(key: string, value: string, ttl?: number): Promise<number> {
    const options = ttl === undefined ? {} : { ttl };
    const item = await this.#items.update(key, (before) => written(value, before), options);
    return item.revision;
  }

  /** Overwrites a part of the value, from the character `at`; what others patch meanwhile is kept. Undefined when there is none. */
  async patch(key: string, at: number, text: string): Promise<Item | undefined> {
    return this.#items.update(
      key,
      (before) =>
        before && written(before.value.slice(0, at) + text + before.value.slice(at + text.length), before),
    );
  }

  async remove(key: string): Promise<boolean> {
    return this.#items.delete(key);
  }
}

const written = (value: string, before?: Item): Item => ({ value, revision: (before?.revision ?? 0) + 1 });

component(Store, {
  routing: {
    exclusive: true,
    get: (key) => key,
    put: (key) => key,
    patch: (key) => key,
    remove: (key) => key,
  },
  retry: { get: true, remove: true },
});
