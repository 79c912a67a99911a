/** What the list call answers: ten fields, money nested. */
export interface Product {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly picture: string;
  readonly price: Price;
  readonly categories: readonly string[];
  readonly stock: number;
  readonly weightGrams: number;
  readonly rating: number;
  readonly discontinued: boolean;
}

export interface Price {
  readonly currencyCode: string;
  readonly units: number;
  readonly nanos: number;
}

const NAMES_AND_DESCRIPTIONS: readonly (readonly [string, string, string])[] = [
  ['Sunglasses', 'Slim gold aviators with smoke-tinted lenses. Light enough to forget.', 'accessories'],
  ['Tank Top', 'Soft ribbed cotton with a scooped neckline, cut to sit just right.', 'clothing'],
  ['Watch', 'A gold-tone steel case, a cream dial and a calf leather strap.', 'accessories'],
  ['Loafers', 'Hand-stitched suede loafers with a flexible sole. No laces, no socks.', 'footwear'],
  ['Hairdryer', 'Three heats, three speeds and a folding handle for a weekend bag.', 'hair'],
  ['Candle Holder', 'A turned brass holder for one tall candle, the gift that fits.', 'decor'],
  ['Salt & Pepper Shakers', 'A glazed stoneware pair, one light and one dark, no labels.', 'kitchen'],
  ['Bamboo Glass Jar', 'Borosilicate glass with a bamboo lid that closes with a soft pop.', 'kitchen'],
  ['Mug', 'A stoneware mug with a mustard interior and a handle for four fingers.', 'kitchen'],
];

export const nineProducts: readonly Product[] = NAMES_AND_DESCRIPTIONS.map(
  ([name, description, category], at) => ({
    id: `OLJCESPC${at}Z`,
    name,
    description,
    picture: `/static/img/products/${name.toLowerCase().replace(/[^a-z]+/g, '-')}.jpg`,
    price: { currencyCode: 'USD', units: 19 + 10 * at, nanos: 990_000_000 },
    categories: [category, 'new'],
    stock: 120 + at,
    weightGrams: 250 * (at + 1),
    rating: 4.5,
    discontinued: false,
  }),
);
