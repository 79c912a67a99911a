import { randomUUID } from 'node:crypto';
import { type Context, component } from 'weaverd';
import { formatMoney } from '../money/format.js';
import { type Money, toNanos } from '../money/money.js';
import { type CardBrand, type CardCheck, type CreditCard, checkCard } from './card.js';

export interface Receipt {
  readonly transactionId: string;
  readonly amount: Money;
  readonly brand: CardBrand;
  readonly lastFour: string;
}

export type DeclineReason = 'invalid' | 'not-accepted' | 'expired';

export class CardDeclinedError extends Error {
  override readonly name = 'CardDeclinedError';

  constructor(
    readonly reason: DeclineReason,
    readonly lastFour: string,
    message: string,
  ) {
    super(message);
  }
}

export class InvalidAmountError extends Error {
  override readonly name = 'InvalidAmountError';

  constructor(readonly amount: Money) {
    super(`A card cannot be charged with ${formatMoney(amount)}.`);
  }
}

export class Payment {
  readonly #ctx: Context;
  readonly #now: () => Date;

  constructor(ctx: Context, now: () => Date = () => new Date()) {
    this.#ctx = ctx;
    this.#now = now;
  }

  /** Charges the card (it pretends to). Throws CardDeclinedError, or InvalidAmountError for nothing or less. */
  async charge(amount: Money, card: CreditCard): Promise<Receipt> {
    if (toNanos(amount) <= 0n) throw new InvalidAmountError(amount);
    const check = checkCard(card, this.#now());
    if (check.kind !== 'valid') throw declined(check, card);
    const receipt = { transactionId: randomUUID(), amount, brand: check.brand, lastFour: check.lastFour };
    this.#ctx.log.info({ ...receipt, amount: formatMoney(amount) }, 'card charged');
    return receipt;
  }
}

function declined(check: Exclude<CardCheck, { kind: 'valid' }>, card: CreditCard): CardDeclinedError {
  const { kind, lastFour } = check;
  switch (kind) {
    case 'invalid':
      return new CardDeclinedError(
        kind,
        lastFour,
        'The card number, its expiry date or its CVV is not valid.',
      );
    case 'not-accepted': {
      const brand = check.brand === 'unknown' ? 'cards of this kind' : `${check.brand} cards`;
      return new CardDeclinedError(kind, lastFour, `We cannot take ${brand}, only Visa and Mastercard.`);
    }
    case 'expired': {
      const expiry = `${String(card.expirationMonth).padStart(2, '0')}/${card.expirationYear}`;
      return new CardDeclinedError(kind, lastFour, `The card ending in ${lastFour} expired in ${expiry}.`);
    }
  }
}

// To charge twice is worse than to fail: a charge of unknown outcome is reported, never repeated.
component(Payment, { retry: { charge: false } });
