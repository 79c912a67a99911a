import type { Product } from '../../catalog/product.js';
import type { PlacedOrder } from '../../checkout/order.js';
import { type Html, html } from '../../html/html.js';
import { formatMoney } from '../../money/format.js';
import { type Frame, layout } from './layout.js';
import { recommendations } from './tiles.js';

export function orderPage(
  frame: Frame,
  { order, confirmed }: PlacedOrder,
  email: string,
  recommended: readonly Product[],
): Html {
  const lines = order.lines.map(
    ({ name, quantity, total }) =>
      html`<div class="row"><span>${quantity} × ${name}</span><span class="amount">${formatMoney(total)}</span></div>`,
  );
  return layout(
    'Order placed',
    frame,
    html`<section class="wrap"><div class="center">
<svg class="badge" viewBox="0 0 48 48" aria-hidden="true"><circle cx="24" cy="24" r="24" fill="#dcebe1"/><path d="m14 25 7 7 14-16" fill="none" stroke="#1f5a47" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/></svg>
<h1>Your order is complete!</h1>
<p>${confirmed ? html`We have sent a confirmation to ${email}.` : html`We could not send a confirmation to ${email}: please keep the numbers below.`}</p>
<div class="panel receipt">${lines}
<div class="row"><span>Shipping</span><span class="amount">${formatMoney(order.shippingCost)}</span></div>
<div class="row"><span>Confirmation #</span><code id="order">${order.orderId}</code></div>
<div class="row"><span>Tracking #</span><code id="tracking">${order.trackingId}</code></div>
<div class="row"><span>Card</span><span>${order.cardBrand} ending in ${order.cardLastFour}</span></div>
<div class="row"><span>Total paid</span><span class="amount" id="total">${formatMoney(order.total)}</span></div></div>
<a class="button" href="/">Continue shopping</a>
</div></section>
${recommendations(recommended)}`,
  );
}
