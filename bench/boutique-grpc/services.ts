import type { MethodName } from 'weaverd';
import { Ads } from '../../examples/boutique/ads/ads.js';
import { Cart } from '../../examples/boutique/cart/cart.js';
import { CartCache } from '../../examples/boutique/cart/cart-cache.js';
import { ProductCatalog } from '../../examples/boutique/catalog/product-catalog.js';
import { Checkout } from '../../examples/boutique/checkout/checkout.js';
import { Currency } from '../../examples/boutique/currency/currency.js';
import { Email } from '../../examples/boutique/email/email.js';
import { Frontend } from '../../examples/boutique/frontend/frontend.js';
import { Payment } from '../../examples/boutique/payment/payment.js';
import { Recommendations } from '../../examples/boutique/recommendations/recommendations.js';
import { Shipping } from '../../examples/boutique/shipping/shipping.js';

/** The business code: the same classes that the weaverd app is made of. */
export const CLASSES = {
  Ads,
  Cart,
  CartCache,
  Checkout,
  Currency,
  Email,
  Frontend,
  Payment,
  ProductCatalog,
  Recommendations,
  Shipping,
} as const;

export type ServiceName = keyof typeof CLASSES;

/** How a method travels: each argument is a field of the request, the result is a field of the answer or the answer itself. */
export interface MethodMessages<Arguments extends readonly unknown[] = readonly unknown[]> {
  readonly request: string;
  readonly fields: { readonly [At in keyof Arguments]: string };
  readonly answer: string;
  /** The answer's field with the result; undefined when the answer is the result, or there is none. */
  readonly result?: string;
  /** The result comes in pieces. */
  readonly streamed?: true;
}

type ArgumentsOf<Method> = Method extends (...args: infer Arguments) => unknown ? Arguments : never;

/** Every method of every class: one that is missing, or has another number of arguments, does not compile. */
type Services = {
  readonly [Name in ServiceName]: {
    readonly [Method in MethodName<InstanceType<(typeof CLASSES)[Name]>>]: MethodMessages<
      ArgumentsOf<InstanceType<(typeof CLASSES)[Name]>[Method]>
    >;
  };
};

export const SERVICES: Services = {
  Ads: { forContext: { request: 'AdsRequest', fields: ['categories'], answer: 'AdsAnswer', result: 'ads' } },
  Cart: {
    items: { request: 'UserRequest', fields: ['userId'], answer: 'CartItemsAnswer', result: 'items' },
    add: { request: 'AddItemRequest', fields: ['userId', 'item'], answer: 'Empty' },
    empty: { request: 'UserRequest', fields: ['userId'], answer: 'Empty' },
  },
  CartCache: {
    items: { request: 'UserRequest', fields: ['userId'], answer: 'CartItemsAnswer', result: 'items' },
    add: { request: 'AddItemRequest', fields: ['userId', 'item'], answer: 'Empty' },
    remove: { request: 'UserRequest', fields: ['userId'], answer: 'RemoveAnswer', result: 'removed' },
  },
  Checkout: { placeOrder: { request: 'PlaceOrderRequest', fields: ['request'], answer: 'PlacedOrder' } },
  Currency: {
    supported: { request: 'Empty', fields: [], answer: 'CodesAnswer', result: 'codes' },
    convert: { request: 'ConvertRequest', fields: ['amount', 'toCode'], answer: 'Money' },
  },
  Email: { sendConfirmation: { request: 'ConfirmationRequest', fields: ['to', 'order'], answer: 'Empty' } },
  Frontend: {},
  Payment: { charge: { request: 'ChargeRequest', fields: ['amount', 'card'], answer: 'Receipt' } },
  ProductCatalog: {
    list: { request: 'Empty', fields: [], answer: 'ProductsAnswer', result: 'products' },
    product: { request: 'ProductRequest', fields: ['id'], answer: 'Product' },
    search: { request: 'SearchRequest', fields: ['query'], answer: 'Product', streamed: true },
  },
  Recommendations: {
    list: {
      request: 'RecommendationsRequest',
      fields: ['productIds'],
      answer: 'RecommendationsAnswer',
      result: 'productIds',
    },
  },
  Shipping: {
    quote: { request: 'QuoteRequest', fields: ['items', 'address'], answer: 'Money' },
    ship: {
      request: 'ShipRequest',
      fields: ['address', 'items'],
      answer: 'ShipAnswer',
      result: 'trackingId',
    },
  },
};

export const SERVICE_NAMES = Object.keys(CLASSES) as readonly ServiceName[];

export function methodsOf(name: ServiceName): readonly (readonly [string, MethodMessages])[] {
  return Object.entries(SERVICES[name] as Readonly<Record<string, MethodMessages>>);
}

export function pathOf(name: ServiceName, method: string): string {
  return `/boutique.${name}/${method}`;
}

export function socketOf(folder: string, name: ServiceName): string {
  return `${folder}/${name}.sock`;
}
