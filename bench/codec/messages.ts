/** The messages that the codec bench sends. */
export interface Tiny {
  readonly id: string;
}

export interface Money {
  readonly currencyCode: string;
  readonly units: number;
  readonly nanos: number;
}

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly picture: string;
  readonly brand: string;
  readonly price: Money;
  readonly categories: readonly string[];
  readonly stock: number;
  readonly rating: number;
  readonly available: boolean;
}

export interface CartItem {
  readonly productId: string;
  readonly quantity: number;
  readonly price: Money;
}

export interface Cart {
  readonly userId: string;
  readonly items: readonly CartItem[];
}

export interface ProductList {
  readonly products: readonly Product[];
}

export interface Payloads {
  readonly tiny: Tiny;
  readonly product: Product;
  readonly cart: Cart;
  readonly list: ProductList;
}

/** Without objects or strings that the source shares among them: each value as if it came from a database. */
export function payloads(): Payloads {
  const products = Array.from({ length: 9 }, (_, index) => product(index));
  const cart: Cart = {
    userId: 'user-47110815',
    items: products
      .slice(0, 5)
      .map(({ id, price }, index) => ({ productId: id, quantity: index + 1, price })),
  };
  const all = { tiny: { id: 'OLJCESPC7Z' }, product: product(3), cart, list: { products } };
  return JSON.parse(JSON.stringify(all)) as Payloads;
}

function product(index: number): Product {
  const name = NAMES[index % NAMES.length] ?? '';
  return {
    id: `${index}YMWWN1N4${index}O`,
    name,
    description: `Add a modern touch to your outfits with these sleek ${name.toLowerCase()}.`,
    picture: `/static/img/products/${name.toLowerCase().replace(/ /g, '-')}.jpg`,
    brand: 'Contoso Goods',
    price: { currencyCode: 'USD', units: 9 + index * 10, nanos: 990_000_000 },
    categories: ['accessories', 'clothing'].slice(0, 1 + (index % 2)),
    stock: 40 + index * 37,
    rating: 3.1 + index / 7,
    available: index % 4 !== 0,
  };
}

const NAMES = ['Sunglasses', 'Tank Top', 'Steel Watch', 'Loafers', 'Hairdryer', 'Candle Holder', 'Glass Jar'];
