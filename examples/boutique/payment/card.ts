export interface CreditCard {
  /** Digits, in groups or not. */
  readonly number: string;
  /** 1 to 12. */
  readonly expirationMonth: number;
  /** Four digits. */
  readonly expirationYear: number;
  readonly cvv: string;
}

export type CardBrand =
  | 'Visa'
  | 'Mastercard'
  | 'American Express'
  | 'Discover'
  | 'Diners Club'
  | 'JCB'
  | 'unknown';

export type CardCheck =
  | { readonly kind: 'valid'; readonly brand: CardBrand; readonly lastFour: string }
  | { readonly kind: 'invalid'; readonly lastFour: string }
  | { readonly kind: 'not-accepted'; readonly brand: CardBrand; readonly lastFour: string }
  | { readonly kind: 'expired'; readonly lastFour: string };

const BRANDS: readonly { readonly brand: CardBrand; readonly pattern: RegExp }[] = [
  { brand: 'Visa', pattern: /^4(\d{12}|\d{15}|\d{18})$/ },
  { brand: 'Mastercard', pattern: /^(5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}$/ },
  { brand: 'American Express', pattern: /^3[47]\d{13}$/ },
  { brand: 'Discover', pattern: /^(6011|65\d{2}|64[4-9]\d)\d{12}$/ },
  { brand: 'Diners Club', pattern: /^3(0[0-5]|[68]\d)\d{11}$/ },
  { brand: 'JCB', pattern: /^35(2[89]|[3-8]\d)\d{12}$/ },
];

const ACCEPTED: readonly CardBrand[] = ['Visa', 'Mastercard'];

/** Whether we take the card; a card is good until the end of the month that is printed on it. */
export function checkCard(card: CreditCard, today: Date): CardCheck {
  const digits = card.number.replace(/[ -]/g, '');
  const lastFour = digits.slice(-4);
  const month = card.expirationMonth;
  const wellFormed = /^\d{12,19}$/.test(digits) && passesLuhn(digits) && Number.isInteger(month);
  if (!wellFormed || month < 1 || month > 12 || !/^\d{3,4}$/.test(card.cvv))
    return { kind: 'invalid', lastFour };
  const brand = brandOf(digits);
  if (!ACCEPTED.includes(brand)) return { kind: 'not-accepted', brand, lastFour };
  const thisMonth = today.getUTCFullYear() * 12 + today.getUTCMonth();
  if (card.expirationYear * 12 + month - 1 < thisMonth) return { kind: 'expired', lastFour };
  return { kind: 'valid', brand, lastFour };
}

export function brandOf(digits: string): CardBrand {
  return BRANDS.find(({ pattern }) => pattern.test(digits))?.brand ?? 'unknown';
}

/** The check digit of ISO/IEC 7812: from the right, every second digit is doubled. */
export function passesLuhn(digits: string): boolean {
  let total = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    total += doubled > 9 ? doubled - 9 : doubled;
  }
  return total % 10 === 0;
}
