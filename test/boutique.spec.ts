import { expect } from 'chai';
import { type RunningShop, shopInOneProcess, shopUnderDaemon } from './support/running-shop.js';
import { Shopper, textOf } from './support/shopper.js';

const ORDER_FORM = {
  email: 'ann@example.com',
  street_address: '1600 Amphitheatre Parkway',
  zip_code: '94043',
  city: 'Mountain View',
  state: 'CA',
  country: 'United States',
  credit_card_number: '4432-8015-6152-0454',
  credit_card_expiration_month: '1',
  credit_card_expiration_year: '2030',
  credit_card_cvv: '672',
};

/** One visit to the shop; what its pages said, in words. */
async function visit(url: string): Promise<Readonly<Record<string, string>>> {
  const ann = new Shopper(url);
  const pages: Record<string, string> = {};
  const step = async (name: string, page: Promise<{ status: number; body: string }>, status = 200) => {
    const got = await page;
    expect(got.status, `${name}: ${textOf(got).slice(0, 300)}`).to.equal(status);
    pages[name] = textOf(got);
  };
  await step('home', ann.get('/'));
  await step('product', ann.get('/product/OLJCESPC7Z'));
  await step('product in yen', ann.post('/setCurrency', { currency_code: 'JPY' }));
  await step('yen', ann.get('/product/OLJCESPC7Z'));
  await step('back in euro', ann.post('/setCurrency', { currency_code: 'EUR' }));
  await step('first item', ann.post('/cart', { product_id: 'OLJCESPC7Z', quantity: '2' }));
  await step('second item', ann.post('/cart', { product_id: '66VCHSJNUP', quantity: '1' }));
  await step('cart', ann.get('/cart'));
  await step(
    'declined',
    ann.post('/cart/checkout', { ...ORDER_FORM, credit_card_number: '4432-8015-6152-0455' }),
    422,
  );
  await step('cart kept', ann.get('/cart'));
  await step('order', ann.post('/cart/checkout', ORDER_FORM));
  await step('cart emptied', ann.get('/cart'));
  await step('unknown product', ann.get('/product/NONE'), 404);
  const bob = new Shopper(url);
  await step("bob's cart", bob.get('/cart'));
  return pages;
}

describe('the boutique, in every mode', function () {
  this.timeout(180_000);
  const visits: Record<string, Readonly<Record<string, string>>> = {};
  const modes: Record<string, () => Promise<RunningShop>> = {
    'one process': shopInOneProcess,
    'a process per component': () => shopUnderDaemon('examples/boutique'),
    'co-located groups': () => shopUnderDaemon('examples/boutique/weaver.colocated.toml'),
  };

  for (const [mode, start] of Object.entries(modes)) {
    it(`sells in ${mode}`, async () => {
      const shop = await start();
      try {
        visits[mode] = await visit(shop.url);
      } finally {
        expect(await shop.stop(), 'exit code after Ctrl-C').to.equal(0);
      }
      expect(visits[mode]?.cart).to.contain('2').and.to.match(/€|EUR/);
      expect(visits[mode]?.order).to.match(/order/i);
    });
  }

  it('gives the same pages in all of them', () => {
    const [one, ...others] = Object.values(visits);
    expect(others).to.have.length(2);
    for (const other of others) expect(other).to.deep.equal(one);
  });
});
