import { RemoteCallError, type RemoteCallErrorCode } from 'weaverd';
import { CartLimitError } from '../cart/cart-items.js';
import { ProductNotFoundError } from '../catalog/product-catalog.js';
import { EmptyCartError, NotShippedError } from '../checkout/checkout.js';
import { UnsupportedCurrencyError } from '../currency/currency.js';
import { CardDeclinedError, InvalidAmountError } from '../payment/payment.js';

/** A request that cannot be answered as asked; the message is for the visitor. */
export class HttpError extends Error {
  override readonly name = 'HttpError';

  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** What a visitor is told of a failure. */
export interface Failure {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the cause is on our side, so that it belongs in the log. */
  readonly ours: boolean;
}

const APP_ERRORS: readonly {
  readonly status: number;
  readonly of: abstract new (...args: never[]) => Error;
}[] = [
  { status: 404, of: ProductNotFoundError },
  { status: 400, of: CartLimitError },
  { status: 400, of: UnsupportedCurrencyError },
  { status: 422, of: CardDeclinedError },
  { status: 409, of: EmptyCartError },
  { status: 422, of: InvalidAmountError },
];

const BUSY =
  'Too many visitors at once, or a part of the shop is being restarted. Please try again in a moment.';
const BROKEN = 'Something broke on our side. It has been written down, and we are looking into it.';

const REMOTE: Readonly<
  Partial<Record<RemoteCallErrorCode, { readonly status: number; readonly detail: string }>>
> = {
  UNAVAILABLE: { status: 503, detail: BUSY },
  RESOURCE_EXHAUSTED: { status: 503, detail: BUSY },
  STALE_OWNER: { status: 503, detail: BUSY },
  CANCELLED: { status: 503, detail: 'The request was called off before it was answered.' },
  DEADLINE_EXCEEDED: { status: 504, detail: 'The answer took too long. Please try again in a moment.' },
  UNKNOWN_OUTCOME: {
    status: 502,
    detail:
      'The connection broke half-way, and we cannot tell how far we got. Please look at your cart before you try again.',
  },
};

const TITLES: ReadonlyMap<number, string> = new Map([
  [400, 'That did not look right'],
  [403, 'That request came from another site'],
  [404, 'We could not find that'],
  [405, 'That cannot be done here'],
  [409, 'Your cart is empty'],
  [413, 'That is more than we can take'],
  [415, 'We cannot read that'],
  [422, 'Your card was declined'],
  [502, 'We lost the connection'],
  [503, 'We are busy right now'],
  [504, 'That took too long'],
]);

export function failureOf(error: unknown): Failure {
  if (error instanceof HttpError) return failure(error.status, error.message, false, error.headers);
  if (error instanceof RemoteCallError) {
    const { status, detail } = REMOTE[error.code] ?? { status: 500, detail: BROKEN };
    return failure(status, detail, error.code !== 'CANCELLED', status === 503 ? { 'retry-after': '1' } : {});
  }
  if (error instanceof NotShippedError) return failure(500, `${error.message} Please write to us.`, true);
  const known = APP_ERRORS.find(({ of }) => error instanceof of);
  if (known !== undefined && error instanceof Error) return failure(known.status, error.message, false);
  return failure(500, BROKEN, true);
}

function failure(status: number, detail: string, ours: boolean, headers: Failure['headers'] = {}): Failure {
  return { status, title: TITLES.get(status) ?? 'Something went wrong', detail, headers, ours };
}
