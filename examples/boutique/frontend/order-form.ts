import type { CreditCard } from '../payment/card.js';
import type { Address } from '../shipping/shipping.js';

export interface OrderForm {
  readonly email: string;
  readonly address: Address;
  readonly card: CreditCard;
}

/** What was typed, by field name; never card data. */
export type Typed = ReadonlyMap<string, string>;

export type OrderFormResult =
  | { readonly kind: 'valid'; readonly form: OrderForm }
  /** A message for each field that is not right. */
  | { readonly kind: 'invalid'; readonly problems: ReadonlyMap<string, string> };

interface FieldRule {
  readonly name: string;
  readonly label: string;
  readonly maxLength: number;
  readonly pattern?: RegExp;
  readonly hint?: string;
}

const FIELDS: readonly FieldRule[] = [
  {
    name: 'email',
    label: 'E-mail address',
    maxLength: 254,
    pattern: /^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>"]+$/,
    hint: 'an address such as ann@example.com',
  },
  { name: 'street_address', label: 'Street address', maxLength: 512 },
  {
    name: 'zip_code',
    label: 'Zip code',
    maxLength: 10,
    pattern: /^[A-Za-z0-9][A-Za-z0-9 -]{2,9}$/,
    hint: '3 to 10 letters or digits',
  },
  { name: 'city', label: 'City', maxLength: 128 },
  { name: 'state', label: 'State', maxLength: 128 },
  { name: 'country', label: 'Country', maxLength: 128 },
  {
    name: 'credit_card_number',
    label: 'Card number',
    maxLength: 30,
    pattern: /^\d([ -]?\d){11,18}$/,
    hint: '12 to 19 digits',
  },
  {
    name: 'credit_card_expiration_month',
    label: 'Month',
    maxLength: 2,
    pattern: /^(0?[1-9]|1[0-2])$/,
    hint: 'a number from 1 to 12',
  },
  {
    name: 'credit_card_expiration_year',
    label: 'Year',
    maxLength: 4,
    pattern: /^2\d{3}$/,
    hint: 'a year such as 2030',
  },
  { name: 'credit_card_cvv', label: 'CVV', maxLength: 4, pattern: /^\d{3,4}$/, hint: '3 or 4 digits' },
];

/** Fields whose content is shown again when the form has to be corrected. */
const SHOWN_AGAIN: readonly string[] = ['email', 'street_address', 'zip_code', 'city', 'state', 'country'];

export function parseOrderForm(form: URLSearchParams): OrderFormResult {
  const problems = new Map<string, string>();
  for (const rule of FIELDS) {
    const problem = problemOf(rule, fieldOf(form, rule.name));
    if (problem !== undefined) problems.set(rule.name, problem);
  }
  if (problems.size > 0) return { kind: 'invalid', problems };
  const value = (name: string) => fieldOf(form, name);
  return {
    kind: 'valid',
    form: {
      email: value('email'),
      address: {
        streetAddress: value('street_address'),
        zipCode: value('zip_code'),
        city: value('city'),
        state: value('state'),
        country: value('country'),
      },
      card: {
        number: value('credit_card_number'),
        expirationMonth: Number(value('credit_card_expiration_month')),
        expirationYear: Number(value('credit_card_expiration_year')),
        cvv: value('credit_card_cvv'),
      },
    },
  };
}

export function typedIn(form: URLSearchParams): Typed {
  return new Map(SHOWN_AGAIN.map((name) => [name, fieldOf(form, name).slice(0, 512)]));
}

function fieldOf(form: URLSearchParams, name: string): string {
  return (form.get(name) ?? '').trim();
}

function problemOf({ label, maxLength, pattern, hint }: FieldRule, value: string): string | undefined {
  if (value === '') return `${label} is missing.`;
  if (value.length > maxLength) return `${label} is longer than ${maxLength} characters.`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u001f\u007f]/.test(value)) return `${label} has characters that cannot be printed.`;
  if (pattern !== undefined && !pattern.test(value)) return `${label} should be ${hint}.`;
  return undefined;
}

/** A quantity from a form: 1 to 10, as in the selector. */
export function parseQuantity(value: string | null): number | undefined {
  const quantity = /^\d{1,2}$/.test(value ?? '') ? Number(value) : 0;
  return quantity >= 1 && quantity <= MAX_PIECES ? quantity : undefined;
}

export const MAX_PIECES = 10;
