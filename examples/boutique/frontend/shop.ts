import type { Client, Context } from 'weaverd';
import { type Ad, Ads } from '../ads/ads.js';
import { Cart } from '../cart/cart.js';
import type { CartItem } from '../cart/cart-items.js';
import type { Product } from '../catalog/product.js';
import { ProductCatalog } from '../catalog/product-catalog.js';
import { Checkout } from '../checkout/checkout.js';
import type { PlacedOrder } from '../checkout/order.js';
import { Currency } from '../currency/currency.js';
import { add, type Money, multiply, sum } from '../money/money.js';
import { Recommendations } from '../recommendations/recommendations.js';
import { Shipping } from '../shipping/shipping.js';
import type { OrderForm } from './order-form.js';
import { currencies, type Session } from './session.js';

export interface PricedProduct {
  readonly product: Product;
  /** In the visitor's currency. */
  readonly price: Money;
}

export interface CartLine extends PricedProduct {
  readonly quantity: number;
  readonly total: Money;
}

export interface CartView {
  readonly lines: readonly CartLine[];
  readonly shipping: Money;
  readonly total: Money;
}

const ADS_TIMEOUT_MS = 100;
const RECOMMENDATIONS_TIMEOUT_MS = 500;
const SHOWN_RECOMMENDATIONS = 4;
const SHOWN_RESULTS = 24;

/** What the pages show, asked of the other components. Ads and recommendations may fail without failing a page. */
export class Shop {
  readonly #ctx: Context;
  readonly #ads: Client<Ads>;
  readonly #cart: Client<Cart>;
  readonly #catalog: Client<ProductCatalog>;
  readonly #checkout: Client<Checkout>;
  readonly #currency: Client<Currency>;
  readonly #recommendations: Client<Recommendations>;
  readonly #shipping: Client<Shipping>;

  constructor(ctx: Context) {
    this.#ctx = ctx;
    this.#ads = ctx.get(Ads).with({ timeout: ADS_TIMEOUT_MS });
    this.#cart = ctx.get(Cart);
    this.#catalog = ctx.get(ProductCatalog);
    this.#checkout = ctx.get(Checkout);
    this.#currency = ctx.get(Currency);
    this.#recommendations = ctx.get(Recommendations).with({ timeout: RECOMMENDATIONS_TIMEOUT_MS });
    this.#shipping = ctx.get(Shipping);
  }

  /** The codes of the selector that there are rates for. */
  async currencies(): Promise<readonly string[]> {
    const supported = await this.#currency.supported();
    return currencies.filter((code) => supported.includes(code));
  }

  async products({ currencyCode }: Session): Promise<readonly PricedProduct[]> {
    const products = await this.#catalog.list();
    return Promise.all(products.map((product) => this.#priced(product, currencyCode)));
  }

  async product(id: string, { currencyCode }: Session): Promise<PricedProduct> {
    return this.#priced(await this.#catalog.product(id), currencyCode);
  }

  async search(query: string, { currencyCode }: Session): Promise<readonly PricedProduct[]> {
    const found: Promise<PricedProduct>[] = [];
    for await (const product of this.#catalog.search(query)) {
      found.push(this.#priced(product, currencyCode));
      if (found.length === SHOWN_RESULTS) break;
    }
    return Promise.all(found);
  }

  async cartItems({ id }: Session): Promise<readonly CartItem[]> {
    return this.#cart.items(id);
  }

  async cart(items: readonly CartItem[], { currencyCode }: Session): Promise<CartView> {
    const [lines, shipping] = await Promise.all([
      Promise.all(items.map((item) => this.#cartLine(item, currencyCode))),
      this.#shipping.quote(items).then((quote) => this.#currency.convert(quote, currencyCode)),
    ]);
    const goods = sum(
      currencyCode,
      lines.map(({ total }) => total),
    );
    return { lines, shipping, total: add(goods, shipping) };
  }

  /** Throws ProductNotFoundError and CartLimitError. */
  async addToCart(productId: string, quantity: number, { id }: Session): Promise<void> {
    const product = await this.#catalog.product(productId);
    await this.#cart.add(id, { productId: product.id, quantity });
  }

  async emptyCart({ id }: Session): Promise<void> {
    await this.#cart.empty(id);
  }

  async placeOrder({ email, address, card }: OrderForm, session: Session): Promise<PlacedOrder> {
    const { id: userId, currencyCode } = session;
    return this.#checkout.placeOrder({ userId, currencyCode, email, address, card });
  }

  async ad(categories: readonly string[]): Promise<Ad | undefined> {
    try {
      const ads = await this.#ads.forContext(categories);
      return ads[0];
    } catch (error) {
      this.#ctx.log.warn({ err: error }, 'page shown without an ad');
      return undefined;
    }
  }

  async recommended(productIds: readonly string[]): Promise<readonly Product[]> {
    try {
      const ids = await this.#recommendations.list(productIds);
      return await Promise.all(
        ids.slice(0, SHOWN_RECOMMENDATIONS).map((each) => this.#catalog.product(each)),
      );
    } catch (error) {
      this.#ctx.log.warn({ err: error }, 'page shown without recommendations');
      return [];
    }
  }

  async #priced(product: Product, currencyCode: string): Promise<PricedProduct> {
    return { product, price: await this.#currency.convert(product.price, currencyCode) };
  }

  async #cartLine({ productId, quantity }: CartItem, currencyCode: string): Promise<CartLine> {
    const product = await this.#catalog.product(productId);
    const { price } = await this.#priced(product, currencyCode);
    return { product, price, quantity, total: multiply(price, quantity) };
  }
}
