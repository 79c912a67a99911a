import { type Client, type Context, component } from 'weaverd';
import { CartCache } from './cart-cache.js';
import type { CartItem } from './cart-items.js';

export class Cart {
  readonly #cache: Client<CartCache>;

  constructor(ctx: Context) {
    this.#cache = ctx.get(CartCache);
  }

  /** In the order in which they were first added. */
  async items(userId: string): Promise<readonly CartItem[]> {
    return this.#cache.items(userId);
  }

  /** Throws CartLimitError. */
  async add(userId: string, item: CartItem): Promise<void> {
    await this.#cache.add(userId, item);
  }

  async empty(userId: string): Promise<void> {
    await this.#cache.remove(userId);
  }
}

component(Cart, { retry: { items: true, add: false, empty: true } });
