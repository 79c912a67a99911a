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
    const ids = await recommendations.list('ann', [mug]);
    expect(ids).to.have.length(5).and.not.include(mug);
    expect(ids.slice(0, 2)).to.have.members([jar, shakers]);
  });

  it('gives a user the same ones again, and users different ones', async () => {
    const forAnn = await recommendations.list('ann', []);
    expect(await recommendations.list('ann', [])).to.deep.equal(forAnn);
    const users = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    const lists = await Promise.all(users.map((user) => recommendations.list(user, [])));
    expect(new Set(lists.map(String)).size).to.be.greaterThan(5);
  });

  it('has nothing left to say when everything is in the cart', async () => {
    expect(
      await recommendations.list(
        'ann',
        products.map(({ id }) => id),
      ),
    ).to.deep.equal([]);
  });
});
