import type { Stock } from './stock.js';

export interface Tariff {
  /** Cents, by article. */
  readonly prices: Readonly<Record<string, number>>;
  /** Pieces from which there is a discount. */
  readonly bulk: number;
  /** Per cent. */
  readonly discount: number;
}

export interface Quote {
  readonly sku: string;
  readonly quantity: number;
  readonly cents: number;
  readonly deliverable: boolean;
}

export class Quotes {
  constructor(
    private readonly stock: Pick<Stock, 'level'>,
    private readonly tariff: Tariff,
  ) {}

  async quote(sku: string, quantity: number): Promise<Quote> {
    const left = await this.stock.level(sku);
    const full = (this.tariff.prices[sku] ?? 0) * quantity;
    const cents =
      quantity >= this.tariff.bulk ? Math.round((full * (100 - this.tariff.discount)) / 100) : full;
    return { sku, quantity, cents, deliverable: quantity <= left };
  }
}
