import { type Client, type Context, component } from 'weaverd';
import type { Product } from '../catalog/product.js';
import { ProductCatalog } from '../catalog/product-catalog.js';

const MAX_RECOMMENDATIONS = 5;

export class Recommendations {
  readonly #catalog: Client<ProductCatalog>;

  constructor(ctx: Context) {
    this.#catalog = ctx.get(ProductCatalog);
  }

  /** Ids of at most five products that go with the given ones, none of them among those. */
  async list(productIds: readonly string[]): Promise<string[]> {
    return recommend(await this.#catalog.list(), productIds).slice(0, MAX_RECOMMENDATIONS);
  }
}

/**
 * Products of the same categories come first; the order among equals differs with what is given, and is the same for the
 * same.
 */
export function recommend(catalog: readonly Product[], productIds: readonly string[]): string[] {
  const given = new Set(productIds);
  const liked = new Set(catalog.filter(({ id }) => given.has(id)).flatMap(({ categories }) => categories));
  return catalog
    .filter(({ id }) => !given.has(id))
    .map(({ id, categories }) => ({
      id,
      shared: categories.filter((category) => liked.has(category)).length,
      order: hash(`${productIds.join()}/${id}`),
    }))
    .sort((a, b) => b.shared - a.shared || a.order - b.order)
    .map(({ id }) => id);
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}

component(Recommendations, { retry: true });
