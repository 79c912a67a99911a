import { expect } from 'chai';
import { rejection } from '../testing/rejection.js';
import { ProductCatalog, ProductNotFoundError } from './product-catalog.js';

async function names(query: string): Promise<string[]> {
  const found: string[] = [];
  for await (const product of new ProductCatalog().search(query)) found.push(product.name);
  return found;
}

describe('boutique ProductCatalog', () => {
  const catalog = new ProductCatalog();

  it('lists at least nine products with ids and pictures of their own', async () => {
    const products = await catalog.list();
    expect(products.length).to.be.at.least(9);
    expect(new Set(products.map(({ id }) => id)).size).to.equal(products.length);
    expect(new Set(products.map(({ picture }) => picture)).size).to.equal(products.length);
    for (const { id } of products) expect((await catalog.product(id)).id).to.equal(id);
  });

  it('names a product it does not have', async () => {
    const error = await rejection(catalog.product('nothing'));
    expect(error).to.be.instanceOf(ProductNotFoundError);
    expect(error).to.include({ productId: 'nothing' });
  });

  it('searches by every word, name first', async () => {
    expect(await names('bamboo')).to.deep.equal(['Bamboo Glass Jar']);
    expect(await names('  WATCH ')).to.deep.equal(['Watch']);
    expect(await names('brass')).to.deep.equal(['Candle Holder', 'Desk Lamp']);
    expect(await names('kitchen mustard')).to.deep.equal(['Mug']);
    expect(await names('spaceship')).to.deep.equal([]);
    expect(await names('   ')).to.deep.equal([]);
  });
});
