import { type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { RemoteCallError } from 'weaverd';
import { Ads } from '../ads/ads.js';
import { Currency } from '../currency/currency.js';
import { type LocalShop, openLocalShop } from '../testing/local-shop.js';

const MUG = '6E92ZMYYFZ';
const now = () => new Date('2026-11-21');

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

class FailingAds extends Ads {
  override async forContext(): Promise<never> {
    throw new RemoteCallError('DEADLINE_EXCEEDED', 'no answer', { component: 'Ads' });
  }
}

class FailingCurrency extends Currency {
  override async convert(): Promise<never> {
    throw new RemoteCallError('UNAVAILABLE', 'no replica', { component: 'Currency', executed: 'no' });
  }
}

/** A visitor who keeps cookies, in a shop of plain objects. */
class Visit {
  readonly #cookies = new Map<string, string>();
  #shop: LocalShop | undefined;

  async open(parts: { ads?: Ads; currency?: Currency } = {}): Promise<this> {
    this.#shop = await openLocalShop({ ...parts, now });
    return this;
  }

  async close(): Promise<void> {
    await this.#shop?.close();
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#send('GET', path, undefined, headers);
  }

  post(
    path: string,
    form: Record<string, string> | string,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const body = typeof form === 'string' ? form : new URLSearchParams(form).toString();
    return this.#send('POST', path, body, {
      'content-type': 'application/x-www-form-urlencoded',
      ...headers,
    });
  }

  #send(
    method: string,
    path: string,
    body: string | undefined,
    headers: Record<string, string>,
  ): Promise<Answer> {
    const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ');
    return new Promise((resolve, reject) => {
      const sent = request(
        { socketPath: this.#shop?.socketPath, method, path, headers: { cookie, ...headers } },
        (response) => {
          for (const each of response.headers['set-cookie'] ?? []) {
            const [name = '', value = ''] = (each.split(';')[0] ?? '').split('=');
            this.#cookies.set(name, value);
          }
          const { statusCode: status, headers: received } = response;
          text(response).then((content) => resolve({ status, headers: received, body: content }), reject);
        },
      );
      sent.once('error', reject);
      sent.end(body);
    });
  }
}

const order = {
  email: 'ann@example.com',
  street_address: '1 <Main> St',
  zip_code: '62701',
  city: 'Springfield',
  state: 'IL',
  country: 'United States',
  credit_card_number: '4432801561520454',
  credit_card_expiration_month: '1',
  credit_card_expiration_year: '2030',
  credit_card_cvv: '672',
};

describe('boutique Frontend', () => {
  let visit: Visit;

  afterEach(() => visit.close());

  it('sells: browse, choose a currency, fill the cart, check out', async () => {
    visit = await new Visit().open();
    const home = await visit.get('/');
    expect(home.status).to.equal(200);
    expect(home.body).to.contain('$8.99').and.contain(`/product/${MUG}`);
    const currency = await visit.post(
      '/setCurrency',
      { currency_code: 'EUR' },
      { host: 'a', referer: 'http://a/cart' },
    );
    expect(currency.headers.location).to.equal('/cart');
    expect((await visit.get(`/product/${MUG}`)).body)
      .to.contain('€7.74')
      .and.contain('Add to cart');
    const added = await visit.post('/cart', { product_id: MUG, quantity: '3' });
    expect([added.status, added.headers.location]).to.deep.equal([302, '/cart']);
    expect((await visit.get('/cart')).body)
      .to.contain('Cart (3)')
      .and.contain('€30.96');
    const placed = await visit.post('/cart/checkout', order);
    expect(placed.status).to.equal(200);
    expect(placed.body)
      .to.contain('Your order is complete')
      .and.contain('€30.96')
      .and.contain('ann@example.com');
    expect((await visit.get('/cart')).body).to.contain('Your cart is empty');
  });

  it('keeps the cart and what was typed when the card is declined or the form is wrong', async () => {
    visit = await new Visit().open();
    await visit.post('/cart', { product_id: MUG, quantity: '1' });
    const declined = await visit.post('/cart/checkout', { ...order, credit_card_expiration_year: '2020' });
    expect(declined.status).to.equal(422);
    expect(declined.body)
      .to.contain('expired in 01/2020')
      .and.contain('1 &lt;Main&gt; St')
      .and.contain('Cart (1)');
    expect(declined.body).not.to.contain('4432801561520454');
    const wrong = await visit.post('/cart/checkout', { ...order, email: '"><script>' });
    expect(wrong.status).to.equal(400);
    expect(wrong.body).to.contain('E-mail address should be').and.not.contain('"><script>');
  });

  it('empties the cart, and forgets the visitor at logout', async () => {
    visit = await new Visit().open();
    await visit.post('/cart', { product_id: MUG, quantity: '1' });
    expect((await visit.post('/cart/empty', {})).headers.location).to.equal('/');
    expect((await visit.get('/cart')).body).to.contain('Your cart is empty');
    expect((await visit.post('/cart/checkout', order)).status).to.equal(409);
    const logout = await visit.get('/logout');
    expect(logout.headers['set-cookie']?.join()).to.match(/shop_session-id=; .*Max-Age=0/);
  });

  it('finds products', async () => {
    visit = await new Visit().open();
    expect((await visit.get('/search?q=brass')).body)
      .to.contain('Candle Holder')
      .and.not.contain('Watch');
    const nothing = await visit.get('/search?q=%3Cscript%3E');
    expect(nothing.body).to.contain('Nothing found for “&lt;script&gt;”');
    expect((await visit.get(`/search?q=${'x'.repeat(101)}`)).status).to.equal(400);
  });

  it('answers bad requests with a clear page and the right status', async () => {
    visit = await new Visit().open();
    const cases: readonly [Promise<Answer>, number, string][] = [
      [visit.get('/product/nothing'), 404, 'no product “nothing”'],
      [visit.get('/nowhere'), 404, 'no such page'],
      [visit.post('/', {}), 405, 'does not take POST'],
      [visit.post('/cart', { product_id: MUG, quantity: '0' }), 400, 'from 1 to 10'],
      [visit.post('/cart', { quantity: '1' }), 400, 'names no product'],
      [visit.post('/cart', { product_id: 'nothing', quantity: '1' }), 404, 'no product'],
      [visit.post('/setCurrency', { currency_code: 'XXX' }), 400, 'has to be one of USD'],
      [visit.post('/cart', 'x'.repeat(20_000)), 413, 'at most 16 KiB'],
      [visit.post('/cart', '{}', { 'content-type': 'application/json' }), 415, 'urlencoded'],
      [visit.post('/cart', {}, { 'sec-fetch-site': 'cross-site' }), 403, 'from the pages of this shop'],
    ];
    for (const [answer, status, message] of cases) {
      const { body, status: given } = await answer;
      expect([given, body.includes(message)], message).to.deep.equal([status, true]);
    }
  });

  it('refuses a chunked body that grows too large', async () => {
    visit = await new Visit().open();
    const { status } = await visit.post('/cart', 'x'.repeat(20_000), { 'transfer-encoding': 'chunked' });
    expect(status).to.equal(413);
  });

  it('shows its pages without ads, and says kindly when a component is away', async () => {
    visit = await new Visit().open({ ads: new FailingAds() });
    expect(await visit.get('/')).to.include({ status: 200 });
    await visit.close();
    visit = await new Visit().open({ currency: new FailingCurrency() });
    const { body, headers, status } = await visit.get('/', {
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    });
    expect([status, headers['retry-after']]).to.deep.equal([503, '1']);
    expect(body).to.contain('try again').and.contain('4bf92f3577b34da6a3ce929d0e0e4736');
  });

  it('serves its files to be cached, with no cookie, and is healthy', async () => {
    visit = await new Visit().open();
    const [, href = ''] = /href="(\/static\/shop\.css[^"]+)"/.exec((await visit.get('/')).body) ?? [];
    const css = await visit.get(href);
    expect(css.headers['cache-control']).to.contain('immutable');
    expect(css.headers['set-cookie']).to.equal(undefined);
    expect(await visit.get('/_healthz')).to.include({ status: 200, body: 'ok' });
    expect((await visit.get('/')).headers['content-security-policy']).to.contain("default-src 'none'");
  });
});
