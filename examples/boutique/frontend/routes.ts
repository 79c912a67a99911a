import type { Context } from 'weaverd';
import type { CartItem } from '../cart/cart-items.js';
import { CardDeclinedError } from '../payment/payment.js';
import { assets } from './assets/assets.js';
import { HttpError } from './failure.js';
import { MAX_PIECES, type OrderForm, parseOrderForm, parseQuantity, typedIn } from './order-form.js';
import { type Correction, cartPage } from './pages/cart.js';
import { homePage, searchPage } from './pages/home.js';
import type { Frame } from './pages/layout.js';
import { orderPage } from './pages/order.js';
import { productPage } from './pages/product.js';
import { asset, page, type Reply, redirect, text } from './reply.js';
import { Router, type ShopRequest } from './router.js';
import { currencies, currencyCookie, forgetCookies, type Session } from './session.js';
import type { Shop } from './shop.js';

const MAX_QUERY_LENGTH = 100;

/** The pages and actions of the shop: what is shown, and what is asked of the other components for it. */
export class Routes {
  readonly #shop: Shop;
  readonly #servedBy: string;
  readonly #now: () => Date;

  constructor(shop: Shop, { replica, version }: Pick<Context, 'replica' | 'version'>, now: () => Date) {
    this.#shop = shop;
    this.#servedBy = `${replica}, version ${version.slice(0, 12)}`;
    this.#now = now;
  }

  router(): Router {
    const router = new Router()
      .get('/', ({ session }) => this.#home(session))
      .get('/product/:id', ({ session }, id) => this.#product(id, session))
      .get('/search', (request) => this.#search(request))
      .get('/cart', ({ session }) => this.#cart(session))
      .post('/cart', (request) => this.#addToCart(request))
      .post('/cart/empty', ({ session }) => this.#emptyCart(session))
      .post('/cart/checkout', (request) => this.#checkout(request))
      .post('/setCurrency', (request) => this.#setCurrency(request))
      .get('/logout', () => redirect('/', forgetCookies()))
      .get('/robots.txt', () => text('User-agent: *\nDisallow: /\n'))
      .get('/_healthz', () => text('ok'));
    for (const [path, { body, contentType }] of assets) {
      router.get(path, ({ query }) => asset(contentType, body, query.has('v')));
    }
    return router;
  }

  /** For pages that must be shown though nothing can be asked of the other components. */
  bareFrame(session: Session): Frame {
    return { session, currencies: [], cartSize: 0, servedBy: this.#servedBy };
  }

  async #home(session: Session): Promise<Reply> {
    const [currencyCodes, products, items, ad] = await Promise.all([
      this.#shop.currencies(),
      this.#shop.products(session),
      this.#shop.cartItems(session),
      this.#shop.ad([]),
    ]);
    return page(homePage(this.#frame(session, currencyCodes, items), products, ad));
  }

  async #product(id: string, session: Session): Promise<Reply> {
    const [priced, currencyCodes, items, recommended] = await Promise.all([
      this.#shop.product(id, session),
      this.#shop.currencies(),
      this.#shop.cartItems(session),
      this.#shop.recommended([id]),
    ]);
    const ad = await this.#shop.ad(priced.product.categories);
    return page(productPage(this.#frame(session, currencyCodes, items), priced, recommended, ad));
  }

  async #search({ query, session }: ShopRequest): Promise<Reply> {
    const words = (query.get('q') ?? '').trim();
    if (words.length > MAX_QUERY_LENGTH) {
      throw new HttpError(400, `A search is at most ${MAX_QUERY_LENGTH} characters long.`);
    }
    const [currencyCodes, items, products] = await Promise.all([
      this.#shop.currencies(),
      this.#shop.cartItems(session),
      this.#shop.search(words, session),
    ]);
    return page(searchPage({ ...this.#frame(session, currencyCodes, items), query: words }, words, products));
  }

  async #cart(session: Session, correction?: Correction, status = 200): Promise<Reply> {
    const [currencyCodes, items] = await Promise.all([
      this.#shop.currencies(),
      this.#shop.cartItems(session),
    ]);
    const ids = items.map(({ productId }) => productId);
    const [cart, recommended] = await Promise.all([
      this.#shop.cart(items, session),
      this.#shop.recommended(ids),
    ]);
    const frame = this.#frame(session, currencyCodes, items);
    return page(cartPage(frame, cart, recommended, this.#now().getUTCFullYear(), correction), status);
  }

  async #addToCart({ form, session }: ShopRequest): Promise<Reply> {
    const productId = form.get('product_id') ?? '';
    const quantity = parseQuantity(form.get('quantity'));
    if (productId === '' || productId.length > 64) throw new HttpError(400, 'The form names no product.');
    if (quantity === undefined) {
      throw new HttpError(400, `The quantity has to be a whole number from 1 to ${MAX_PIECES}.`);
    }
    await this.#shop.addToCart(productId, quantity, session);
    return redirect('/cart');
  }

  async #emptyCart(session: Session): Promise<Reply> {
    await this.#shop.emptyCart(session);
    return redirect('/');
  }

  async #checkout(request: ShopRequest): Promise<Reply> {
    const { form, session } = request;
    const parsed = parseOrderForm(form);
    if (parsed.kind === 'valid') return this.#placeOrder(parsed.form, request);
    const { problems } = parsed;
    const message = `Please correct the form: ${[...problems.values()].join(' ')}`;
    return this.#cart(session, { message, problems, typed: typedIn(form) }, 400);
  }

  async #placeOrder(order: OrderForm, { form, session }: ShopRequest): Promise<Reply> {
    try {
      const placed = await this.#shop.placeOrder(order, session);
      const [currencyCodes, recommended] = await Promise.all([
        this.#shop.currencies().catch(() => []),
        this.#shop.recommended(placed.order.lines.map(({ productId }) => productId)),
      ]);
      return page(orderPage(this.#frame(session, currencyCodes, []), placed, order.email, recommended));
    } catch (error) {
      if (!(error instanceof CardDeclinedError)) throw error;
      const problems = new Map([['credit_card_number', error.message]]);
      const message = `Your card was declined. ${error.message}`;
      return this.#cart(session, { message, problems, typed: typedIn(form) }, 422);
    }
  }

  #setCurrency({ form, from }: ShopRequest): Reply {
    const code = form.get('currency_code') ?? '';
    if (!currencies.includes(code)) {
      throw new HttpError(400, `The currency has to be one of ${currencies.join(', ')}.`);
    }
    return redirect(from ?? '/', [currencyCookie(code)]);
  }

  #frame(session: Session, currencyCodes: readonly string[], items: readonly CartItem[]): Frame {
    const cartSize = items.reduce((pieces, { quantity }) => pieces + quantity, 0);
    return { session, currencies: currencyCodes, cartSize, servedBy: this.#servedBy };
  }
}
