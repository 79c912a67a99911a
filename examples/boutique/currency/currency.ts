import { component } from 'weaverd';
import { type Decimal, exchange, parseDecimal } from '../money/exchange.js';
import type { Money } from '../money/money.js';
import { euroRates } from './euro-rates.js';

export class UnsupportedCurrencyError extends Error {
  override readonly name = 'UnsupportedCurrencyError';

  constructor(readonly currencyCode: string) {
    super(`We have no exchange rate for ${currencyCode}.`);
  }
}

/** Converts money by the euro reference rates. */
export class Currency {
  readonly #rates: ReadonlyMap<string, Decimal> = new Map(
    Object.entries(euroRates).map(([code, rate]) => [code, parseDecimal(rate)]),
  );

  /** ISO 4217 codes, sorted. */
  async supported(): Promise<string[]> {
    return [...this.#rates.keys()].sort();
  }

  /** Rounded to the smallest unit of `toCode`. Throws UnsupportedCurrencyError. */
  async convert(amount: Money, toCode: string): Promise<Money> {
    return exchange(amount, this.#rate(amount.currencyCode), toCode, this.#rate(toCode));
  }

  #rate(code: string): Decimal {
    const rate = this.#rates.get(code);
    if (rate === undefined) throw new UnsupportedCurrencyError(code);
    return rate;
  }
}

component(Currency, { retry: true });
