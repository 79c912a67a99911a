import type { Money } from '../money/money.js';
import type { CardBrand, CreditCard } from '../payment/card.js';
import type { Address } from '../shipping/shipping.js';

export interface OrderRequest {
  readonly userId: string;
  readonly currencyCode: string;
  readonly email: string;
  readonly address: Address;
  readonly card: CreditCard;
}

export interface OrderLine {
  readonly productId: string;
  readonly name: string;
  readonly quantity: number;
  /** Of one piece. */
  readonly price: Money;
  /** Of all pieces. */
  readonly total: Money;
}

export interface Order {
  readonly orderId: string;
  readonly trackingId: string;
  readonly transactionId: string;
  readonly cardBrand: CardBrand;
  readonly cardLastFour: string;
  readonly lines: readonly OrderLine[];
  readonly shippingCost: Money;
  readonly total: Money;
  readonly address: Address;
}

export interface PlacedOrder {
  readonly order: Order;
  /** Whether the confirmation could be sent. */
  readonly confirmed: boolean;
}
