import type { Ad } from '../../ads/ads.js';
import type { Product } from '../../catalog/product.js';
import { type Html, html } from '../../html/html.js';
import { formatMoney } from '../../money/format.js';
import { MAX_PIECES } from '../order-form.js';
import type { PricedProduct } from '../shop.js';
import { type Frame, layout } from './layout.js';
import { adBanner, picture, recommendations } from './tiles.js';

export function productPage(
  frame: Frame,
  { product, price }: PricedProduct,
  recommended: readonly Product[],
  ad: Ad | undefined,
): Html {
  const quantities = Array.from(
    { length: MAX_PIECES },
    (_, index) => html`<option value="${index + 1}">${index + 1}</option>`,
  );
  const tags = product.categories.map(
    (category) => html`<li><a href="/search?q=${encodeURIComponent(category)}">${category}</a></li>`,
  );
  return layout(
    product.name,
    frame,
    html`<div class="wrap"><nav class="crumbs" aria-label="Breadcrumb"><a href="/">Shop</a> / ${product.name}</nav>
<article class="detail">
<div>${picture(product, 560)}</div>
<div><h1>${product.name}</h1><div class="price">${formatMoney(price)}</div><p>${product.description}</p>
<form class="buy" method="post" action="/cart"><input type="hidden" name="product_id" value="${product.id}">
<select name="quantity" aria-label="Quantity">${quantities}</select><button class="button">Add to cart</button></form>
<ul class="tags">${tags}</ul></div>
</article></div>
${recommendations(recommended)}
${adBanner(ad)}`,
  );
}
