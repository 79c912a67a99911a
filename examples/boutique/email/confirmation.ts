import type { Order } from '../checkout/order.js';
import { type Html, html } from '../html/html.js';
import { formatMoney } from '../money/format.js';

export interface Message {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export function confirmation(to: string, order: Order): Message {
  return {
    to,
    subject: `Your order ${order.orderId.slice(0, 8)} is on its way`,
    text: plainText(order),
    html: `<!doctype html>${markup(order)}`,
  };
}

function plainText({ address, lines, ...order }: Order): string {
  return [
    'Thank you for shopping at Online Boutique.',
    '',
    ...lines.map(({ name, quantity, total }) => `${quantity} × ${name}: ${formatMoney(total)}`),
    `Shipping: ${formatMoney(order.shippingCost)}`,
    `Total: ${formatMoney(order.total)}, charged to your ${order.cardBrand} card ending in ${order.cardLastFour}`,
    '',
    `Order ${order.orderId}`,
    `Tracking id ${order.trackingId}`,
    `To ${address.streetAddress}, ${address.zipCode} ${address.city}, ${address.state}, ${address.country}`,
  ].join('\n');
}

function markup(order: Order): Html {
  const { address } = order;
  const rows = order.lines.map(
    ({ name, quantity, total }) =>
      html`<tr><td>${quantity} × ${name}</td><td align="right">${formatMoney(total)}</td></tr>`,
  );
  return html`<html lang="en"><head><meta charset="utf-8"><title>Your order</title></head>
<body style="font-family: Georgia, serif; color: #23302b">
<h1>Thank you for your order</h1>
<table cellpadding="6">${rows}
<tr><td>Shipping</td><td align="right">${formatMoney(order.shippingCost)}</td></tr>
<tr><th align="left">Total</th><th align="right">${formatMoney(order.total)}</th></tr></table>
<p>Order ${order.orderId}<br>Tracking id ${order.trackingId}</p>
<p>${address.streetAddress}<br>${address.zipCode} ${address.city}, ${address.state}<br>${address.country}</p>
</body></html>`;
}
