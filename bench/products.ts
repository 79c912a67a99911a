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

const CATALOGUE_SIZE = 1000;
const WORDS = NAMES_AND_DESCRIPTIONS.flatMap(([name, description]) => `${name} ${description}`.split(' '));

/** Each product with words, numbers and an id of its own: about 170 KB, a third of it when compressed. */
export const catalogue: readonly Product[] = Array.from({ length: CATALOGUE_SIZE }, (_, at) => {
  const random = randomFrom(at + 1);
  const words = (count: number) => Array.from({ length: count }, () => WORDS[random(WORDS.length)]).join(' ');
  const name = words(2);
  return {
    id: Array.from({ length: 10 }, () => random(36).toString(36))
      .join('')
      .toUpperCase(),
    name,
    description: words(11),
    picture: `/static/img/products/${name.toLowerCase().replace(/[^a-z]+/g, '-')}.jpg`,
    price: { currencyCode: 'USD', units: random(1000), nanos: random(100) * 10_000_000 },
    categories: [words(1), 'new'],
    stock: random(1000),
    weightGrams: random(10_000),
    rating: random(51) / 10,
    discontinued: random(10) === 0,
  };
});

/** The same numbers below `limit` in every process. */
function randomFrom(seed: number): (limit: number) => number {
  let state = Math.imul(seed, 2_654_435_761);
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) % limit;
  };
}
