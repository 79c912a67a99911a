import { type Html, html } from '../../html/html.js';
import type { Correction } from './cart.js';

const MONTHS: readonly string[] = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const YEARS_AHEAD = 10;

interface Input {
  readonly name: string;
  readonly label: string;
  readonly value?: string;
  readonly width?: 'third' | 'rest';
  readonly type?: string;
  readonly autocomplete: string;
  readonly numeric?: boolean;
}

/** Filled in with the same example as the original shop, so that trying it out takes one click. */
const ADDRESS: readonly Input[] = [
  {
    name: 'email',
    label: 'E-mail address',
    type: 'email',
    value: 'someone@example.com',
    autocomplete: 'email',
  },
  {
    name: 'street_address',
    label: 'Street address',
    value: '1600 Amphitheatre Parkway',
    autocomplete: 'street-address',
  },
  { name: 'zip_code', label: 'Zip code', value: '94043', width: 'third', autocomplete: 'postal-code' },
  { name: 'city', label: 'City', value: 'Mountain View', width: 'rest', autocomplete: 'address-level2' },
  { name: 'state', label: 'State', value: 'CA', width: 'third', autocomplete: 'address-level1' },
  { name: 'country', label: 'Country', value: 'United States', width: 'rest', autocomplete: 'country-name' },
];

const CARD_NUMBER: Input = {
  name: 'credit_card_number',
  label: 'Card number (an example: nothing is charged)',
  value: '4432 8015 6152 0454',
  autocomplete: 'off',
  numeric: true,
};

const CVV: Input = {
  name: 'credit_card_cvv',
  label: 'CVV',
  value: '672',
  width: 'third',
  type: 'password',
  autocomplete: 'off',
  numeric: true,
};

export function orderForm(year: number, correction: Correction | undefined): Html {
  const years = Array.from({ length: YEARS_AHEAD }, (_, index) => year + index);
  return html`<form class="panel form" method="post" action="/cart/checkout">
<h2>Where to?</h2>
${ADDRESS.map((each) => input(each, correction))}
<h2>Payment</h2>
${input(CARD_NUMBER, correction)}
${select(
  'credit_card_expiration_month',
  'Month',
  MONTHS.map((label, index) => ({ value: index + 1, label })),
  1,
  correction,
)}
${select(
  'credit_card_expiration_year',
  'Year',
  years.map((value) => ({ value, label: String(value) })),
  year + 1,
  correction,
)}
${input(CVV, correction)}
<button class="button">Place order</button>
</form>`;
}

function input(
  { autocomplete, label, name, numeric, type, value, width }: Input,
  correction?: Correction,
): Html {
  const shown = correction === undefined ? value : correction.typed.get(name);
  return field(
    name,
    label,
    width,
    html`<input name="${name}" type="${type ?? 'text'}" value="${shown}" autocomplete="${autocomplete}"${numeric && html` inputmode="numeric"`} required>`,
    correction,
  );
}

function select(
  name: string,
  label: string,
  options: readonly { readonly value: number; readonly label: string }[],
  chosen: number,
  correction: Correction | undefined,
): Html {
  const items = options.map(
    ({ value, label: text }) =>
      html`<option value="${value}"${value === chosen && html` selected`}>${text}</option>`,
  );
  return field(name, label, 'third', html`<select name="${name}">${items}</select>`, correction);
}

function field(
  name: string,
  label: string,
  width: Input['width'],
  control: Html,
  correction?: Correction,
): Html {
  const problem = correction?.problems.get(name);
  const classes = ['field', width, problem === undefined ? undefined : 'wrong'].filter(Boolean).join(' ');
  return html`<label class="${classes}"><span>${label}</span>${control}${problem !== undefined && html`<em>${problem}</em>`}</label>`;
}
