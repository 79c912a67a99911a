/** An amount of money; `nanos` are billionths of a unit and carry the same sign as `units` ($-1.75 is -1 and -750_000_000). */
export interface Money {
  /** ISO 4217. */
  readonly currencyCode: string;
  /** A safe integer. */
  readonly units: number;
  /** An integer between -999_999_999 and 999_999_999. */
  readonly nanos: number;
}

export class MoneyError extends Error {
  override readonly name = 'MoneyError';
}

const NANOS_PER_UNIT = 1_000_000_000n;

/** Currencies whose smallest unit is not a hundredth. */
const MINOR_DIGITS: Readonly<Record<string, number>> = { ISK: 0, JPY: 0, KRW: 0 };

/** Decimal digits of the currency's smallest unit: 2 for USD, 0 for JPY. */
export function minorDigits(currencyCode: string): number {
  return MINOR_DIGITS[currencyCode] ?? 2;
}

export function zero(currencyCode: string): Money {
  return { currencyCode, units: 0, nanos: 0 };
}

export function isValid({ units, nanos }: Money): boolean {
  if (!Number.isSafeInteger(units) || !Number.isInteger(nanos) || Math.abs(nanos) > 999_999_999) return false;
  return units === 0 || nanos === 0 || units > 0 === nanos > 0;
}

/** The whole amount in billionths. Throws a MoneyError for an amount that is not valid. */
export function toNanos(money: Money): bigint {
  if (!isValid(money)) {
    throw new MoneyError(`not a valid amount: ${money.units} units, ${money.nanos} nanos`);
  }
  return BigInt(money.units) * NANOS_PER_UNIT + BigInt(money.nanos);
}

export function fromNanos(currencyCode: string, nanos: bigint): Money {
  const units = Number(nanos / NANOS_PER_UNIT);
  if (!Number.isSafeInteger(units))
    throw new MoneyError(`amount out of range: ${nanos} nanos ${currencyCode}`);
  return { currencyCode, units, nanos: Number(nanos % NANOS_PER_UNIT) };
}

/** Throws a MoneyError when the currencies differ. */
export function add(left: Money, right: Money): Money {
  if (left.currencyCode !== right.currencyCode) {
    throw new MoneyError(
      `cannot add ${right.currencyCode} to ${left.currencyCode}: convert one of them first`,
    );
  }
  return fromNanos(left.currencyCode, toNanos(left) + toNanos(right));
}

export function sum(currencyCode: string, amounts: Iterable<Money>): Money {
  let total = zero(currencyCode);
  for (const amount of amounts) total = add(total, amount);
  return total;
}

/** `factor` is an integer. */
export function multiply(money: Money, factor: number): Money {
  if (!Number.isSafeInteger(factor)) throw new MoneyError(`cannot multiply money by ${factor}`);
  return fromNanos(money.currencyCode, toNanos(money) * BigInt(factor));
}

/** Parses a plain decimal such as `8.99`. */
export function money(currencyCode: string, decimal: string): Money {
  const match = /^(-?)(\d{1,15})(?:\.(\d{1,9}))?$/.exec(decimal);
  if (match === null) throw new MoneyError(`not a decimal amount: ${decimal}`);
  const [, sign, units = '0', fraction = ''] = match;
  const nanos = BigInt(units) * NANOS_PER_UNIT + BigInt(fraction.padEnd(9, '0'));
  return fromNanos(currencyCode, sign === '-' ? -nanos : nanos);
}
