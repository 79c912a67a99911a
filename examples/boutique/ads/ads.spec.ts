import { expect } from 'chai';
import { products } from '../catalog/products.js';
import { Ads } from './ads.js';

describe('boutique Ads', () => {
  const ads = new Ads();

  it('fit the context, two at most and none twice', async () => {
    expect((await ads.forContext(['kitchen'])).map(({ productId }) => productId)).to.deep.equal([
      '9SIQT8TOJO',
      '6E92ZMYYFZ',
    ]);
    expect(await ads.forContext(['hair', 'beauty'])).to.have.length(1);
    expect(await ads.forContext(['kitchen', 'accessories', 'decor'])).to.have.length(2);
  });

  it('are there without a context, and lead to products that exist', async () => {
    expect(await ads.forContext([])).to.have.length(2);
    expect(await ads.forContext(['unheard-of', 'constructor'])).to.have.length(2);
    const known = new Set(products.map(({ id }) => id));
    for (const { categories } of products) {
      for (const ad of await ads.forContext(categories)) expect(known.has(ad.productId)).to.equal(true);
    }
  });
});
