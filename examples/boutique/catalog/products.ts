import { money } from '../money/money.js';
import type { Product } from './product.js';

/** Prices are in US dollars; the first nine are those of Online Boutique. */
export const products: readonly Product[] = [
  {
    id: 'OLJCESPC7Z',
    name: 'Sunglasses',
    description:
      'Slim gold aviators with smoke-tinted lenses. Light enough to forget, dark enough for August.',
    picture: 'sunglasses',
    price: money('USD', '19.99'),
    categories: ['accessories'],
  },
  {
    id: '66VCHSJNUP',
    name: 'Tank Top',
    description: 'Soft ribbed cotton with a scooped neckline, cut to sit just right under a linen shirt.',
    picture: 'tank-top',
    price: money('USD', '18.99'),
    categories: ['clothing', 'tops'],
  },
  {
    id: '1YMWWN1N4O',
    name: 'Watch',
    description:
      'A gold-tone steel case, a cream dial and a calf leather strap. Quiet at work, handsome at dinner.',
    picture: 'watch',
    price: money('USD', '109.99'),
    categories: ['accessories'],
  },
  {
    id: 'L9ECAV7KIM',
    name: 'Loafers',
    description: 'Hand-stitched suede loafers with a flexible sole. No laces, no socks, no hurry.',
    picture: 'loafers',
    price: money('USD', '89.99'),
    categories: ['footwear'],
  },
  {
    id: '2ZYFJ3GM2N',
    name: 'Hairdryer',
    description: 'Three heats, three speeds and a folding handle: small enough for a weekend bag.',
    picture: 'hairdryer',
    price: money('USD', '24.99'),
    categories: ['hair', 'beauty'],
  },
  {
    id: '0PUK6V6EV0',
    name: 'Candle Holder',
    description: 'A turned brass holder for one tall candle. The gift that is always the right size.',
    picture: 'candle-holder',
    price: money('USD', '18.99'),
    categories: ['decor', 'home'],
  },
  {
    id: 'LS4PSXUNUM',
    name: 'Salt & Pepper Shakers',
    description: 'A glazed stoneware pair, one light and one dark, so nobody has to read the letters.',
    picture: 'salt-and-pepper-shakers',
    price: money('USD', '18.49'),
    categories: ['kitchen'],
  },
  {
    id: '9SIQT8TOJO',
    name: 'Bamboo Glass Jar',
    description: 'Holds 57 oz (1.7 l) of pasta, flour or biscuits under a bamboo lid that seals with a sigh.',
    picture: 'bamboo-glass-jar',
    price: money('USD', '5.49'),
    categories: ['kitchen'],
  },
  {
    id: '6E92ZMYYFZ',
    name: 'Mug',
    description:
      'A simple white mug with a mustard interior. Brightens the third coffee as well as the first.',
    picture: 'mug',
    price: money('USD', '8.99'),
    categories: ['kitchen'],
  },
  {
    id: 'T0TEBAG4LF',
    name: 'Canvas Tote',
    description: 'Heavy natural canvas, long handles, one printed leaf. Carries a market and a half.',
    picture: 'canvas-tote',
    price: money('USD', '22.49'),
    categories: ['accessories', 'clothing'],
  },
  {
    id: 'D3SKLAMP7K',
    name: 'Desk Lamp',
    description: 'An enamelled shade on a jointed brass arm. Warm light, exactly where the page is.',
    picture: 'desk-lamp',
    price: money('USD', '64.99'),
    categories: ['decor', 'home'],
  },
  {
    id: 'P0TTEDFRN5',
    name: 'Potted Plant',
    description: 'A snake plant in hand-thrown terracotta. Forgives holidays, dark corners and you.',
    picture: 'potted-plant',
    price: money('USD', '27.99'),
    categories: ['decor', 'home'],
  },
];
