import { randomUUID } from 'node:crypto';
import { type Client, type Context, component } from 'weaverd';
import { Cart } from '../cart/cart.js';
import type { CartItem } from '../cart/cart-items.js';
import { ProductCatalog } from '../catalog/product-catalog.js';
import { Currency } from '../currency/currency.js';
import { Email } from '../email/email.js';
import { add, multiply, sum } from '../money/money.js';
import { Payment } from '../payment/payment.js';
import { Shipping } from '../shipping/shipping.js';
import type { Order, OrderLine, OrderRequest, PlacedOrder } from './order.js';

export class EmptyCartError extends Error {
  override readonly name = 'EmptyCartError';

  constructor() {
    super('There is nothing in the cart.');
  }
}

/** The card was charged and then the parcel could not be sent. */
export class NotShippedError extends Error {
  override readonly name = 'NotShippedError';

  constructor(
    readonly transactionId: string,
    options?: ErrorOptions,
  ) {
    super(`Your card was charged (transaction ${transactionId}), but the parcel could not be sent.`, options);
  }
}

export class Checkout {
  readonly #ctx: Context;
  readonly #cart: Client<Cart>;
  readonly #catalog: Client<ProductCatalog>;
  readonly #currency: Client<Currency>;
  readonly #email: Client<Email>;
  readonly #payment: Client<Payment>;
  readonly #shipping: Client<Shipping>;

  constructor(ctx: Context) {
    this.#ctx = ctx;
    this.#cart = ctx.get(Cart);
    this.#catalog = ctx.get(ProductCatalog);
    this.#currency = ctx.get(Currency);
    this.#email = ctx.get(Email);
    this.#payment = ctx.get(Payment);
    this.#shipping = ctx.get(Shipping);
  }

  /** Throws EmptyCartError, CardDeclinedError, UnsupportedCurrencyError or NotShippedError. */
  async placeOrder(request: OrderRequest): Promise<PlacedOrder> {
    const { address, card, currencyCode, email, userId } = request;
    const items = await this.#cart.items(userId);
    if (items.length === 0) throw new EmptyCartError();
    const [lines, shippingCost] = await Promise.all([
      Promise.all(items.map((item) => this.#line(item, currencyCode))),
      this.#shippingCost(items, request),
    ]);
    const total = add(
      sum(
        currencyCode,
        lines.map((line) => line.total),
      ),
      shippingCost,
    );

    const receipt = await this.#payment.charge(total, card);
    const trackingId = await this.#shipping.ship(address, items).catch((cause: unknown) => {
      this.#ctx.log.error({ err: cause, transactionId: receipt.transactionId }, 'order paid but not shipped');
      throw new NotShippedError(receipt.transactionId, { cause });
    });

    const order: Order = {
      orderId: randomUUID(),
      trackingId,
      transactionId: receipt.transactionId,
      cardBrand: receipt.brand,
      cardLastFour: receipt.lastFour,
      lines,
      shippingCost,
      total,
      address,
    };
    const [, confirmed] = await Promise.all([this.#emptyCart(userId, order), this.#confirm(email, order)]);
    this.#ctx.log.info({ orderId: order.orderId, lines: lines.length, confirmed }, 'order placed');
    return { order, confirmed };
  }

  async #line({ productId, quantity }: CartItem, currencyCode: string): Promise<OrderLine> {
    const product = await this.#catalog.product(productId);
    const price = await this.#currency.convert(product.price, currencyCode);
    return { productId, name: product.name, quantity, price, total: multiply(price, quantity) };
  }

  async #shippingCost(items: readonly CartItem[], { address, currencyCode }: OrderRequest) {
    return this.#currency.convert(await this.#shipping.quote(items, address), currencyCode);
  }

  /** What fails from here on must not make a paid and shipped order look failed. */
  async #emptyCart(userId: string, { orderId }: Order): Promise<void> {
    try {
      await this.#cart.empty(userId);
    } catch (error) {
      this.#ctx.log.warn({ err: error, orderId }, 'the cart of a placed order could not be emptied');
    }
  }

  async #confirm(email: string, order: Order): Promise<boolean> {
    try {
      await this.#email.sendConfirmation(email, order);
      return true;
    } catch (error) {
      this.#ctx.log.warn({ err: error, orderId: order.orderId }, 'the confirmation could not be sent');
      return false;
    }
  }
}

component(Checkout, { retry: { placeOrder: false } });
