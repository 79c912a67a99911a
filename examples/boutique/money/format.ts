import { divideHalfEven } from './exchange.js';
import { type Money, minorDigits, toNanos } from './money.js';

const SYMBOLS: Readonly<Record<string, string>> = {
  CAD: 'CA$',
  EUR: '€',
  GBP: '£',
  JPY: '¥',
  TRY: '₺',
  USD: '$',
};

export function currencySymbol(currencyCode: string): string {
  return SYMBOLS[currencyCode] ?? `${currencyCode} `;
}

/** Such as `$1,299.50` or `¥2,038`; an amount finer than the smallest unit is rounded. */
export function formatMoney(amount: Money): string {
  const digits = minorDigits(amount.currencyCode);
  const minor = divideHalfEven(toNanos(amount), 10n ** BigInt(9 - digits));
  const sign = minor < 0n ? '-' : '';
  const text = String(minor < 0n ? -minor : minor).padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, ',');
  const fraction = digits === 0 ? '' : `.${text.slice(-digits)}`;
  return `${sign}${currencySymbol(amount.currencyCode)}${whole}${fraction}`;
}
