import { component } from 'weaverd';
import type { Product } from './product.js';
import { products } from './products.js';

export class ProductNotFoundError extends Error {
  override readonly name = 'ProductNotFoundError';

  constructor(readonly productId: string) {
    super(`We have no product “${productId}”.`);
  }
}

export class ProductCatalog {
  readonly #byId: ReadonlyMap<string, Product> = new Map(products.map((product) => [product.id, product]));

  async list(): Promise<readonly Product[]> {
    return products;
  }

  /** Throws ProductNotFoundError. */
  async product(id: string): Promise<Product> {
    const product = this.#byId.get(id);
    if (product === undefined) throw new ProductNotFoundError(id);
    return product;
  }

  /** Products whose name, description or category has every word of the query; those with one in the name first. */
  async *search(query: string): AsyncIterable<Product> {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return;
    const matches = products.filter((product) => words.every((word) => textOf(product).includes(word)));
    const named = (product: Product) => words.some((word) => product.name.toLowerCase().includes(word));
    yield* matches.filter(named);
    yield* matches.filter((product) => !named(product));
  }
}

function textOf(product: Product): string {
  return [product.name, product.description, ...product.categories].join(' ').toLowerCase();
}

component(ProductCatalog, { retry: true });
