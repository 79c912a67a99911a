import type { Product } from '../../catalog/product.js';
import { type Html, html } from '../../html/html.js';
import { formatMoney } from '../../money/format.js';
import type { Typed } from '../order-form.js';
import type { CartLine, CartView } from '../shop.js';
import { orderForm } from './checkout-form.js';
import { type Frame, layout } from './layout.js';
import { picture, productPath, recommendations } from './tiles.js';

/** An order form that has to be corrected. */
export interface Correction {
  readonly message: string;
  /** By field name. */
  readonly problems: ReadonlyMap<string, string>;
  readonly typed: Typed;
}

export function cartPage(
  frame: Frame,
  cart: CartView,
  recommended: readonly Product[],
  year: number,
  correction?: Correction,
): Html {
  const content =
    cart.lines.length === 0
      ? html`<section class="wrap center"><h1>Your cart is empty</h1><p>What you add to it will be kept here for you.</p><a class="button" href="/">Look around</a></section>`
      : html`<div class="wrap">${correction !== undefined && html`<p class="alert" role="alert">${correction.message}</p>`}
<div class="split"><section>${summary(frame, cart)}</section>${orderForm(year, correction)}</div></div>`;
  return layout('Cart', frame, html`${content}${recommendations(recommended)}`);
}

function summary({ cartSize }: Frame, { lines, shipping, total }: CartView): Html {
  return html`<div class="row"><h1>Cart (${cartSize})</h1>
<form method="post" action="/cart/empty"><button class="button plain small">Empty cart</button></form></div>
<ul class="lines">${lines.map(line)}</ul>
<dl class="sums"><div><dt>Shipping (estimate)</dt><dd>${formatMoney(shipping)}</dd></div>
<div class="total"><dt>Total</dt><dd id="total">${formatMoney(total)}</dd></div></dl>
<p class="note"><a href="/">Continue shopping</a></p>`;
}

function line({ product, price, quantity, total }: CartLine): Html {
  return html`<li data-product="${product.id}" data-quantity="${quantity}"><a href="${productPath(product.id)}">${picture(product, 84)}</a>
<div><a href="${productPath(product.id)}">${product.name}</a><small>${quantity} × ${formatMoney(price)}</small></div>
<span class="amount">${formatMoney(total)}</span></li>`;
}
