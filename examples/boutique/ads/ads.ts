import { component } from 'weaverd';

export interface Ad {
  readonly productId: string;
  readonly text: string;
}

const MAX_ADS = 2;

const hairdryer: Ad = { productId: '2ZYFJ3GM2N', text: 'Hairdryers, ready to travel: now half price.' };
const tankTop: Ad = { productId: '66VCHSJNUP', text: 'Tank tops are 20% off, while the sun lasts.' };
const candleHolder: Ad = { productId: '0PUK6V6EV0', text: 'Light a candle: holders are 30% off this week.' };
const jar: Ad = { productId: '9SIQT8TOJO', text: 'A tidy kitchen starts here: jars at 10% off.' };
const watch: Ad = { productId: '1YMWWN1N4O', text: 'Buy a watch, get a second strap for free.' };
const mug: Ad = { productId: '6E92ZMYYFZ', text: 'Buy two mugs and the third one is on us.' };
const loafers: Ad = { productId: 'L9ECAV7KIM', text: 'Loafers: the second pair is on us.' };

const campaigns: ReadonlyMap<string, readonly Ad[]> = new Map([
  ['accessories', [watch]],
  ['beauty', [hairdryer]],
  ['clothing', [tankTop]],
  ['decor', [candleHolder]],
  ['footwear', [loafers]],
  ['hair', [hairdryer]],
  ['kitchen', [jar, mug]],
]);

export class Ads {
  /** At most two, for the context (categories of what is being looked at); for no context, of any kind. */
  async forContext(categories: readonly string[]): Promise<readonly Ad[]> {
    const fitting = categories.flatMap((category) => campaigns.get(category) ?? []);
    return [...new Set(fitting.length > 0 ? fitting : [mug, watch])].slice(0, MAX_ADS);
  }
}

component(Ads, { retry: true });
