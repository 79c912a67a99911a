import type { Money } from '../money/money.js';

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Name of its picture, as in `/static/products/<picture>.svg`. */
  readonly picture: string;
  readonly price: Money;
  /** Such as `kitchen`; what ads and recommendations go by. */
  readonly categories: readonly string[];
}
