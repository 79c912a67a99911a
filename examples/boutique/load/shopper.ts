import type { Product } from '../catalog/product.js';
import { products } from '../catalog/products.js';
import { currencySymbol } from '../money/format.js';
import type { HttpAnswer } from './http-client.js';
import type { Action } from './mix.js';
import { between, pick, type Random } from './random.js';

/** An answer that came, and is not the right one. `kind` is short and of few values: failures are counted by it. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer';

  constructor(
    readonly kind: string,
    message: string,
  ) {
    super(message);
  }
}

export type Send = (
  method: 'GET' | 'POST',
  path: string,
  cookie: string,
  form?: URLSearchParams,
) => Promise<HttpAnswer>;

const CURRENCIES: readonly string[] = ['EUR', 'USD', 'JPY', 'CAD', 'GBP', 'TRY'];
const MAX_ADDED = 5;
/** Pieces in a cart beyond which it is emptied first, so that no limit of the shop is reached. */
const FULL_CART = 60;
const ORDER_ID = /id="order">[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}</;
const TRACKING_ID = /id="tracking">[A-Z]{2}-\d+-\d+</;

/**
 * One visitor, with cookies, who remembers what should be in the cart and checks every answer: its status, what it shows, the
 * currency of its prices. After a failure the cart is in doubt, and a new visitor goes on.
 */
export class Shopper {
  readonly #random: Random;
  readonly #cookies = new Map<string, string>();
  readonly #cart = new Map<string, number>();
  #currency = 'USD';

  constructor(random: Random) {
    this.#random = random;
  }

  /** Rejects with a WrongAnswer, or with what `send` rejected with. */
  async act(action: Action, send: Send): Promise<void> {
    try {
      await this.#act(action, send);
    } catch (error) {
      this.#cookies.clear();
      this.#cart.clear();
      this.#currency = 'USD';
      throw error;
    }
  }

  async #act(action: Action, send: Send): Promise<void> {
    switch (action) {
      case 'index':
        return this.#index(send);
      case 'set currency':
        return this.#setCurrency(send);
      case 'browse product':
        await this.#browse(send);
        return;
      case 'add to cart':
        return this.#addToCart(send);
      case 'view cart':
        return this.#viewCart(send);
      case 'checkout':
        return this.#checkout(send);
    }
  }

  async #index(send: Send): Promise<void> {
    const page = await this.#page(send, 'GET', '/');
    for (const { id } of products) shows(page, `href="/product/${id}"`, 'product missing on the index');
    shows(page, currencySymbol(this.#currency), 'wrong currency');
  }

  async #setCurrency(send: Send): Promise<void> {
    const code = pick(this.#random, CURRENCIES);
    await this.#redirect(send, '/setCurrency', { currency_code: code }, '/');
    if (this.#cookies.get('shop_currency') !== code) throw new WrongAnswer('currency not set', `not ${code}`);
    this.#currency = code;
  }

  async #browse(send: Send): Promise<Product> {
    const product = pick(this.#random, products);
    const page = await this.#page(send, 'GET', `/product/${product.id}`);
    shows(page, `name="product_id" value="${product.id}"`, 'wrong product');
    shows(page, `class="price">${currencySymbol(this.#currency)}`, 'wrong currency');
    return product;
  }

  async #addToCart(send: Send): Promise<void> {
    if (this.#pieces() > FULL_CART) {
      await this.#redirect(send, '/cart/empty', {}, '/');
      this.#cart.clear();
    }
    const { id } = await this.#browse(send);
    const quantity = between(this.#random, 1, MAX_ADDED);
    await this.#redirect(send, '/cart', { product_id: id, quantity: String(quantity) }, '/cart');
    this.#cart.set(id, (this.#cart.get(id) ?? 0) + quantity);
  }

  async #viewCart(send: Send): Promise<void> {
    const page = await this.#page(send, 'GET', '/cart');
    if (this.#cart.size === 0) return shows(page, 'Your cart is empty', 'cart not as left');
    shows(page, `Cart (${this.#pieces()})`, 'cart not as left');
    for (const [id, quantity] of this.#cart) {
      shows(page, `data-product="${id}" data-quantity="${quantity}"`, 'cart not as left');
    }
    shows(page, `id="total">${currencySymbol(this.#currency)}`, 'wrong currency');
  }

  async #checkout(send: Send): Promise<void> {
    await this.#addToCart(send);
    const page = await this.#page(send, 'POST', '/cart/checkout', {
      email: `visitor${between(this.#random, 1, 999_999)}@example.com`,
      street_address: `${between(this.#random, 1, 9999)} Main Street`,
      zip_code: String(between(this.#random, 10_000, 99_999)),
      city: 'Springfield',
      state: 'IL',
      country: 'United States',
      credit_card_number: '4432801561520454',
      credit_card_expiration_month: String(between(this.#random, 1, 12)),
      credit_card_expiration_year: String(new Date().getUTCFullYear() + between(this.#random, 1, 9)),
      credit_card_cvv: String(between(this.#random, 100, 999)),
    });
    if (!ORDER_ID.test(page) || !TRACKING_ID.test(page))
      throw new WrongAnswer('order without ids', 'no order id');
    shows(page, `id="total">${currencySymbol(this.#currency)}`, 'wrong currency');
    this.#cart.clear();
  }

  #pieces(): number {
    return [...this.#cart.values()].reduce((pieces, quantity) => pieces + quantity, 0);
  }

  async #page(
    send: Send,
    method: 'GET' | 'POST',
    path: string,
    form?: Record<string, string>,
  ): Promise<string> {
    const answer = await this.#send(send, method, path, form);
    if (answer.status !== 200) throw new WrongAnswer(`status ${answer.status}`, `${method} ${path}`);
    return answer.body;
  }

  async #redirect(send: Send, path: string, form: Record<string, string>, to: string): Promise<void> {
    const { location, status } = await this.#send(send, 'POST', path, form);
    if (status !== 302) throw new WrongAnswer(`status ${status}`, `POST ${path}`);
    if (location !== to) throw new WrongAnswer('wrong redirect', `POST ${path} led to ${location}`);
  }

  async #send(
    send: Send,
    method: 'GET' | 'POST',
    path: string,
    form: Record<string, string> | undefined,
  ): Promise<HttpAnswer> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await send(method, path, cookie, form && new URLSearchParams(form));
    for (const header of answer.setCookie) {
      const [pair = ''] = header.split(';');
      const equals = pair.indexOf('=');
      this.#cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
    }
    return answer;
  }
}

function shows(page: string, part: string, kind: string): void {
  if (!page.includes(part)) throw new WrongAnswer(kind, `the page does not show ${part}`);
}
