export interface CartItem {
  readonly productId: string;
  /** A whole number, 1 at least. */
  readonly quantity: number;
}

export const MAX_QUANTITY = 99;
export const MAX_LINES = 50;

export class CartLimitError extends Error {
  override readonly name = 'CartLimitError';

  constructor(
    readonly limit: number,
    readonly of: 'quantity' | 'lines',
  ) {
    super(
      of === 'quantity'
        ? `A cart holds at most ${limit} pieces of one product.`
        : `A cart holds at most ${limit} different products.`,
    );
  }
}

/** The items with one more; a product already there gets a higher quantity. Throws CartLimitError. */
export function withItem(items: readonly CartItem[], added: CartItem): readonly CartItem[] {
  const present = items.find(({ productId }) => productId === added.productId);
  const quantity = (present?.quantity ?? 0) + added.quantity;
  if (!Number.isInteger(added.quantity) || added.quantity < 1 || quantity > MAX_QUANTITY) {
    throw new CartLimitError(MAX_QUANTITY, 'quantity');
  }
  if (present !== undefined) return items.map((item) => (item === present ? { ...item, quantity } : item));
  if (items.length >= MAX_LINES) throw new CartLimitError(MAX_LINES, 'lines');
  return [...items, added];
}
