import type { Ad } from '../../ads/ads.js';
import type { Product } from '../../catalog/product.js';
import { type Html, html } from '../../html/html.js';
import { formatMoney } from '../../money/format.js';
import { pictureUrl } from '../assets/assets.js';
import type { PricedProduct } from '../shop.js';

export function productPath(id: string): string {
  return `/product/${encodeURIComponent(id)}`;
}

export function picture({ name, picture }: Product, size: number): Html {
  return html`<img src="${pictureUrl(picture)}" alt="${name}" width="${size}" height="${size}">`;
}

export function productGrid(products: readonly PricedProduct[]): Html {
  const tiles = products.map(
    ({ product, price }) =>
      html`<li><a class="tile" href="${productPath(product.id)}">${picture(product, 400)}<strong>${product.name}</strong><span>${formatMoney(price)}</span></a></li>`,
  );
  return html`<ul class="grid">${tiles}</ul>`;
}

export function recommendations(products: readonly Product[]): Html {
  if (products.length === 0) return html``;
  const tiles = products.map(
    (product) =>
      html`<li><a class="tile" href="${productPath(product.id)}">${picture(product, 400)}<strong>${product.name}</strong></a></li>`,
  );
  return html`<section class="section wrap"><h2>You may also like</h2><ul class="grid">${tiles}</ul></section>`;
}

export function adBanner(ad: Ad | undefined): Html {
  if (ad === undefined) return html``;
  return html`<aside class="wrap"><a class="ad" href="${productPath(ad.productId)}"><b>Ad</b><span>${ad.text}</span></a></aside>`;
}
