import { component } from 'weaverd';
import { type CartItem, withItem } from './cart-items.js';
import { Lru } from './lru.js';

/** Carts kept in each replica's memory; beyond it the one unused for longest is forgotten. */
const MAX_CARTS = 100_000;

/**
 * The carts themselves, in memory: all calls for one user go to one replica, which has the cart and changes it in one step. It is a
 * cache: a cart is forgotten when its replica ends, or when its user's keys move to another. What must be kept is `ctx.state`.
 */
export class CartCache {
  readonly #carts = new Lru<string, readonly CartItem[]>(MAX_CARTS);

  async items(userId: string): Promise<readonly CartItem[]> {
    return this.#carts.get(userId) ?? [];
  }

  /** Throws CartLimitError. */
  async add(userId: string, item: CartItem): Promise<void> {
    this.#carts.set(userId, withItem(this.#carts.get(userId) ?? [], item));
  }

  async remove(userId: string): Promise<boolean> {
    return this.#carts.delete(userId);
  }
}

component(CartCache, {
  routing: { items: (userId) => userId, add: (userId) => userId, remove: (userId) => userId },
  retry: { items: true, add: false, remove: true },
});
