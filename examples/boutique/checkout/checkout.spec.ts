import { expect } from 'chai';
import { Cart } from '../cart/cart.js';
import { CartCache } from '../cart/cart-cache.js';
import { ProductCatalog } from '../catalog/product-catalog.js';
import { Currency } from '../currency/currency.js';
import { Email } from '../email/email.js';
import { formatMoney } from '../money/format.js';
import { sum } from '../money/money.js';
import { CardDeclinedError, Payment } from '../payment/payment.js';
import { Shipping } from '../shipping/shipping.js';
import { contextOf } from '../testing/context-of.js';
import { rejection } from '../testing/rejection.js';
import { Checkout, EmptyCartError, NotShippedError } from './checkout.js';
import type { OrderRequest } from './order.js';

const request: OrderRequest = {
  userId: 'ann',
  currencyCode: 'EUR',
  email: 'ann@example.com',
  address: { streetAddress: '1 Main St', city: 'Springfield', state: 'IL', zipCode: '62701', country: 'USA' },
  card: { number: '4432801561520454', expirationMonth: 1, expirationYear: 2030, cvv: '672' },
};

const base = contextOf();
const now = () => new Date('2026-11-21');

class BrokenShipping extends Shipping {
  override async ship(): Promise<string> {
    throw new Error('no lorry');
  }
}

class BrokenEmail extends Email {
  override async sendConfirmation(): Promise<void> {
    throw new Error('no stamps');
  }
}

function shop({ email = new Email(base), shipping = new Shipping() } = {}) {
  const cart = new Cart(contextOf(new CartCache()));
  const payment = new Payment(base, now);
  const checkout = new Checkout(
    contextOf(cart, new ProductCatalog(), new Currency(), email, payment, shipping),
  );
  return { cart, checkout };
}

describe('boutique Checkout', () => {
  it('turns the cart into an order whose lines and shipping make its total, and empties the cart', async () => {
    const { cart, checkout } = shop();
    await cart.add('ann', { productId: '6E92ZMYYFZ', quantity: 3 });
    await cart.add('ann', { productId: '1YMWWN1N4O', quantity: 1 });
    const { order, confirmed } = await checkout.placeOrder(request);
    expect(
      order.lines.map(({ name, quantity, total }) => [name, quantity, formatMoney(total)]),
    ).to.deep.equal([
      ['Mug', 3, '€23.22'],
      ['Watch', 1, '€94.73'],
    ]);
    expect(formatMoney(order.shippingCost)).to.equal('€7.74');
    expect(order.total).to.deep.equal(
      sum('EUR', [...order.lines.map(({ total }) => total), order.shippingCost]),
    );
    expect(order).to.include({ cardBrand: 'Visa', cardLastFour: '0454' });
    expect(confirmed).to.equal(true);
    expect(await cart.items('ann')).to.deep.equal([]);
  });

  it('takes no order for an empty cart', async () => {
    expect(await rejection(shop().checkout.placeOrder(request))).to.be.instanceOf(EmptyCartError);
  });

  it('keeps the cart when the card is declined', async () => {
    const { cart, checkout } = shop();
    await cart.add('ann', { productId: '6E92ZMYYFZ', quantity: 1 });
    const card = { ...request.card, expirationYear: 2020 };
    expect(await rejection(checkout.placeOrder({ ...request, card }))).to.be.instanceOf(CardDeclinedError);
    expect(await cart.items('ann')).to.have.length(1);
  });

  it('names the transaction when the parcel could not be sent', async () => {
    const { cart, checkout } = shop({ shipping: new BrokenShipping() });
    await cart.add('ann', { productId: '6E92ZMYYFZ', quantity: 1 });
    const error = await rejection(checkout.placeOrder(request));
    if (!(error instanceof NotShippedError)) throw error;
    expect(error.message).to.contain(error.transactionId);
    expect(error.cause).to.be.instanceOf(Error).and.include({ message: 'no lorry' });
  });

  it('places the order though the confirmation cannot be sent, and says so', async () => {
    const { cart, checkout } = shop({ email: new BrokenEmail(base) });
    await cart.add('ann', { productId: '6E92ZMYYFZ', quantity: 1 });
    expect(await checkout.placeOrder(request)).to.include({ confirmed: false });
  });
});
