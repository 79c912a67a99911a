import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ads } from '../ads/ads.js';
import { Cart } from '../cart/cart.js';
import { CartCache } from '../cart/cart-cache.js';
import { ProductCatalog } from '../catalog/product-catalog.js';
import { Checkout } from '../checkout/checkout.js';
import { Currency } from '../currency/currency.js';
import { Email } from '../email/email.js';
import { Frontend } from '../frontend/frontend.js';
import { Payment } from '../payment/payment.js';
import { Recommendations } from '../recommendations/recommendations.js';
import { Shipping } from '../shipping/shipping.js';
import { contextOf } from './context-of.js';

export interface LocalShop {
  readonly socketPath: string;
  close(): Promise<void>;
}

/** The whole shop made of plain objects, without the runtime, on a Unix socket of its own. */
export async function openLocalShop({
  ads = new Ads(),
  currency = new Currency(),
  now = () => new Date(),
} = {}): Promise<LocalShop> {
  const folder = await mkdtemp(join(tmpdir(), 'boutique-'));
  const socketPath = join(folder, 'shop.sock');
  const base = contextOf();
  const catalog = new ProductCatalog();
  const cart = new Cart(contextOf(new CartCache()));
  const shipping = new Shipping();
  const payment = new Payment(base, now);
  const checkout = new Checkout(contextOf(cart, catalog, currency, new Email(base), payment, shipping));
  const recommendations = new Recommendations(contextOf(catalog));
  const context = contextOf(ads, cart, catalog, checkout, currency, recommendations, shipping);
  const frontend = new Frontend({ ...context, listener: async () => ({ path: socketPath }) }, now);
  await frontend.start();
  return {
    socketPath,
    close: async () => {
      await frontend.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
