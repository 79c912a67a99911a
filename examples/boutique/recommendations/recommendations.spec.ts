import { expect } from 'chai';
import { ProductCatalog } from '../catalog/product-catalog.js';
import { products } from '../catalog/products.js';
import { contextOf } from '../testing/context-of.js';
import { Recommendations } from './recommendations.js';

const mug = '6E92ZMYYFZ';
const jar = '9SIQT8TOJO';
const shakers = 'LS4PSXUNUM';

describe('boutique Recommendations', () => {
  const recommendations = new Recommendations(contextOf(new ProductCatalog()));

  it('puts what shares a category first and never what is there already', async () => {
    const ids = await recommendations.list([mug]);
    expect(ids).to.have.length(5).and.not.include(mug);
    expect(ids.slice(0, 2)).to.have.members([jar, shakers]);
  });

  it('gives the same ones for the same products, and others for others', async () => {
    expect(await recommendations.list([mug])).to.deep.equal(await recommendations.list([mug]));
    const lists = await Promise.all(products.map(({ id }) => recommendations.list([id])));
    expect(new Set(lists.map(String)).size).to.equal(products.length);
  });

  it('has nothing left to say when everything is in the cart', async () => {
    expect(await recommendations.list(products.map(({ id }) => id))).to.deep.equal([]);
  });
});
