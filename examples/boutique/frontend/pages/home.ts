import type { Ad } from '../../ads/ads.js';
import { type Html, html } from '../../html/html.js';
import { pictureUrl } from '../assets/assets.js';
import type { PricedProduct } from '../shop.js';
import { type Frame, layout } from './layout.js';
import { adBanner, productGrid } from './tiles.js';

const HERO_PICTURES: readonly string[] = ['desk-lamp', 'mug', 'potted-plant'];

export function homePage(frame: Frame, products: readonly PricedProduct[], ad: Ad | undefined): Html {
  const trio = HERO_PICTURES.map(
    (name) => html`<img src="${pictureUrl(name)}" alt="" width="200" height="200">`,
  );
  return layout(
    'Home',
    frame,
    html`<section class="hero"><div class="wrap">
<div><h1>Good things for every day</h1><p>A small shop for a warm kitchen, a tidy desk and a light suitcase.</p><a class="button" href="#products">See what is new</a></div>
<div class="trio">${trio}</div>
</div></section>
<section class="section wrap" id="products"><h2>Our favourites</h2>${productGrid(products)}</section>
${adBanner(ad)}`,
  );
}

export function searchPage(frame: Frame, query: string, products: readonly PricedProduct[]): Html {
  const title = products.length === 0 ? `Nothing found for “${query}”` : `Found for “${query}”`;
  const content =
    products.length === 0
      ? html`<p>Try another word, or <a href="/">look at everything</a>.</p>`
      : productGrid(products);
  return layout('Search', frame, html`<section class="section wrap"><h2>${title}</h2>${content}</section>`);
}
