export class UnknownArticleError extends Error {
  override readonly name = 'UnknownArticleError';

  constructor(readonly sku: string) {
    super(`There is no article ${sku}.`);
  }
}

export class OutOfStockError extends Error {
  override readonly name = 'OutOfStockError';

  constructor(
    readonly sku: string,
    readonly left: number,
  ) {
    super(`Only ${left} of ${sku} are left.`);
  }
}

export interface Reservation {
  readonly sku: string;
  readonly quantity: number;
  readonly left: number;
}

export class Stock {
  readonly #left: Map<string, number>;

  constructor(opening: Readonly<Record<string, number>>) {
    this.#left = new Map(Object.entries(opening));
  }

  async levels(): Promise<Map<string, number>> {
    return new Map(this.#left);
  }

  async level(sku: string): Promise<number> {
    return this.#known(sku);
  }

  async reserve(sku: string, quantity: number): Promise<Reservation> {
    const left = this.#known(sku) - quantity;
    if (left < 0) throw new OutOfStockError(sku, left + quantity);
    this.#left.set(sku, left);
    return { sku, quantity, left };
  }

  #known(sku: string): number {
    const left = this.#left.get(sku);
    if (left === undefined) throw new UnknownArticleError(sku);
    return left;
  }
}
