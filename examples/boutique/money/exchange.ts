import { fromNanos, type Money, minorDigits, toNanos } from './money.js';

/** An exact decimal number: `value / 10 ** scale`. */
export interface Decimal {
  readonly value: bigint;
  readonly scale: number;
}

/** Parses a positive decimal such as `1.1611`. */
export function parseDecimal(text: string): Decimal {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) throw new RangeError(`not a decimal number: ${text}`);
  const [, whole = '', fraction = ''] = match;
  return { value: BigInt(whole + fraction), scale: fraction.length };
}

/**
 * Converts by two rates to the same base, exactly, and rounds once: half to even, to the smallest unit of `toCode`. So
 * prices, line totals and the sum of an order always agree to the cent.
 */
export function exchange(amount: Money, fromRate: Decimal, toCode: string, toRate: Decimal): Money {
  const numerator = toNanos(amount) * toRate.value * 10n ** BigInt(fromRate.scale);
  const denominator = fromRate.value * 10n ** BigInt(toRate.scale);
  const nanosPerMinor = 10n ** BigInt(9 - minorDigits(toCode));
  return fromNanos(toCode, divideHalfEven(numerator, denominator * nanosPerMinor) * nanosPerMinor);
}

/** `denominator` is positive. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const sign = numerator < 0n ? -1n : 1n;
  const magnitude = numerator * sign;
  const quotient = magnitude / denominator;
  const twice = (magnitude % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && quotient % 2n === 1n);
  return sign * (up ? quotient + 1n : quotient);
}
