import { ratesDate } from '../../currency/euro-rates.js';
import { type Html, html } from '../../html/html.js';
import { currencySymbol } from '../../money/format.js';
import { assetUrl } from '../assets/assets.js';
import type { Session } from '../session.js';

/** What every page shows around its own content. */
export interface Frame {
  readonly session: Session;
  readonly currencies: readonly string[];
  /** Pieces in the cart. */
  readonly cartSize: number;
  /** Who answered, such as `Frontend-0 of version 3f2a…`. */
  readonly servedBy: string;
  /** What was searched for, if anything. */
  readonly query?: string;
}

export function layout(title: string, frame: Frame, content: Html): Html {
  return html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Online Boutique</title>
<link rel="icon" href="${assetUrl('/static/icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${assetUrl('/static/shop.css')}">
<script src="${assetUrl('/static/shop.js')}" defer></script>
</head>
<body>
${header(frame)}
<main>${content}</main>
<footer class="foot"><div class="wrap">
<span>A demonstration: nothing is sold, charged or sent. Euro reference rates of the ECB, ${ratesDate}.</span>
<span title="Served by ${frame.servedBy}">Made of eleven components.</span>
</div></footer>
</body>
</html>`;
}

function header({ cartSize, currencies, query, session }: Frame): Html {
  const options = currencies.map(
    (code) =>
      html`<option value="${code}"${code === session.currencyCode && html` selected`}>${currencySymbol(code)} ${code}</option>`,
  );
  return html`<header class="top"><div class="wrap">
<a class="brand" href="/">${bag()}Online Boutique</a>
<form class="find" action="/search" role="search"><input type="search" name="q" value="${query}" maxlength="100" placeholder="Search the shop" aria-label="Search the shop"></form>
${
  options.length > 0 &&
  html`<form class="money" method="post" action="/setCurrency"><select name="currency_code" aria-label="Currency">${options}</select><button class="plain">Set</button></form>`
}
<a class="basket" href="/cart" aria-label="Cart, ${cartSize} pieces"><svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M3 4h2.5l2.3 11h10.4l2.3-8H6.3"/><circle cx="9.5" cy="19.5" r="1.5"/><circle cx="16.5" cy="19.5" r="1.5"/></svg><span class="word">Cart</span>${cartSize > 0 && html`<span class="count">${cartSize}</span>`}</a>
</div></header>`;
}

function bag(): Html {
  return html`<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="9" fill="#1f5a47"/><path d="M9 13h14l1.5 12h-17z" fill="#fbf9f4"/><path d="M12 15v-4a4 4 0 0 1 8 0v4" fill="none" stroke="#c4633d" stroke-width="2.4" stroke-linecap="round"/></svg>`;
}
