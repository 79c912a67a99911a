import { expect } from 'chai';
import fc from 'fast-check';
import { RemoteCallError } from 'weaverd';
import { products } from '../catalog/products.js';
import { EmptyCartError } from '../checkout/checkout.js';
import { CardDeclinedError } from '../payment/payment.js';
import { pictures } from './art/pictures.js';
import { failureOf, HttpError } from './failure.js';
import { refererPath, refuseCrossSite, targetOf } from './http-request.js';
import { parseOrderForm, parseQuantity, typedIn } from './order-form.js';
import { text } from './reply.js';
import { Router, type ShopRequest } from './router.js';
import { currencyCookie, sessionCookie, sessionOf } from './session.js';

const request: ShopRequest = {
  session: { id: 'ann', currencyCode: 'USD', isNew: false },
  query: new URLSearchParams(),
  form: new URLSearchParams(),
  from: undefined,
};

describe('boutique Router', () => {
  const router = new Router()
    .get('/', () => text('home'))
    .get('/product/:id', (_, id) => text(`product ${id}`))
    .get('/cart', () => text('cart'))
    .post('/cart', () => text('added'));
  const answer = async (method: string, path: string) => (await router.find(method, path)(request)).body;

  it('finds by method and path, with a decoded parameter, HEAD as GET', async () => {
    expect(await answer('GET', '/')).to.equal('home');
    expect(await answer('GET', '/product/a%20b')).to.equal('product a b');
    expect(await answer('HEAD', '/cart')).to.equal('cart');
    expect(await answer('POST', '/cart')).to.equal('added');
  });

  it('knows an unknown path from a method not allowed', () => {
    for (const path of ['/product/', '/product', '/product/a/b', '/nowhere', '/product/%', '//', '*']) {
      expect(() => router.find('GET', path), path)
        .to.throw(HttpError)
        .with.property('status', 404);
    }
    for (const method of ['POST', 'TRACE', 'CONNECT']) {
      expect(() => router.find(method, '/'))
        .to.throw(HttpError)
        .that.deep.includes({ status: 405, headers: { allow: 'GET, HEAD' } });
    }
  });
});

describe('boutique session', () => {
  const id = '61be62e6-bf11-40bf-8fc4-123b84f05e9b';

  it('is kept by its cookies', () => {
    const cookies = [sessionCookie({ id, currencyCode: 'USD', isNew: true }), currencyCookie('JPY')];
    const header = cookies.map((cookie) => cookie.split(';')[0]).join('; ');
    expect(sessionOf(header)).to.deep.equal({ id, currencyCode: 'JPY', isNew: false });
  });

  it('begins anew with cookies that are not ours', () => {
    const headers = [
      undefined,
      '',
      'x',
      'shop_session-id=ann',
      'shop_currency=XXX; shop_session-id=<script>',
    ];
    for (const header of headers) {
      expect(sessionOf(header, () => 'new')).to.deep.equal({ id: 'new', currencyCode: 'USD', isNew: true });
    }
  });
});

describe('boutique order form', () => {
  const filled = {
    email: 'ann@example.com',
    street_address: '1 Main St',
    zip_code: '62701',
    city: 'Springfield',
    state: 'IL',
    country: 'United States',
    credit_card_number: '4432-8015-6152-0454',
    credit_card_expiration_month: '1',
    credit_card_expiration_year: '2030',
    credit_card_cvv: '672',
  };
  const parse = (changes: Partial<typeof filled>) =>
    parseOrderForm(new URLSearchParams({ ...filled, ...changes }));

  it('becomes an order', () => {
    const result = parse({ city: '  Springfield ' });
    if (result.kind === 'invalid') throw new Error([...result.problems.values()].join());
    expect(result.form.address).to.include({ city: 'Springfield', zipCode: '62701' });
    expect(result.form.card).to.deep.equal({
      number: '4432-8015-6152-0454',
      expirationMonth: 1,
      expirationYear: 2030,
      cvv: '672',
    });
  });

  it('names each field that is not right', () => {
    const result = parse({ email: 'ann', city: '', credit_card_expiration_month: '13', state: 'I\u0000L' });
    if (result.kind === 'valid') throw new Error('should be invalid');
    expect([...result.problems.keys()]).to.deep.equal([
      'email',
      'city',
      'state',
      'credit_card_expiration_month',
    ]);
    expect(result.problems.get('city')).to.equal('City is missing.');
    expect(result.problems.get('email')).to.contain('ann@example.com');
    expect(parseOrderForm(new URLSearchParams())).to.have.property('kind', 'invalid');
    expect(parse({ street_address: 'x'.repeat(513) })).to.have.property('kind', 'invalid');
  });

  it('shows nothing of the card again', () => {
    const typed = typedIn(new URLSearchParams(filled));
    expect([...typed.keys()].filter((name) => name.startsWith('credit'))).to.deep.equal([]);
    expect(typed.get('city')).to.equal('Springfield');
  });

  it('takes quantities from 1 to 10 only', () => {
    expect(['1', '10', '07'].map(parseQuantity)).to.deep.equal([1, 10, 7]);
    for (const value of [null, '', '0', '11', '-1', '1.5', '1e1', ' 1', '999']) {
      expect(parseQuantity(value), String(value)).to.equal(undefined);
    }
  });
});

describe('boutique failures', () => {
  const statusOf = (error: unknown) => failureOf(error).status;

  it('of the app are told as they are', () => {
    const declined = failureOf(new CardDeclinedError('expired', '0454', 'It expired.'));
    expect(declined).to.include({ status: 422, detail: 'It expired.', ours: false });
    expect(statusOf(new EmptyCartError())).to.equal(409);
    expect(statusOf(new HttpError(413, 'too much'))).to.equal(413);
  });

  it('of the runtime are told kindly, with what the visitor can do', () => {
    const busy = failureOf(new RemoteCallError('UNAVAILABLE', 'no replica of Cart'));
    expect(busy).to.deep.include({ status: 503, headers: { 'retry-after': '1' }, ours: true });
    expect(busy.detail).to.contain('try again').and.not.contain('replica');
    expect(statusOf(new RemoteCallError('DEADLINE_EXCEEDED', ''))).to.equal(504);
    expect(statusOf(new RemoteCallError('UNKNOWN_OUTCOME', ''))).to.equal(502);
    expect(statusOf(new RemoteCallError('INTERNAL', ''))).to.equal(500);
  });

  it('that nobody foresaw tell no secrets', () => {
    for (const error of [new Error('password=1'), 'password=1', undefined]) {
      const failure = failureOf(error);
      expect(failure).to.include({ status: 500, ours: true });
      expect(failure.detail).not.to.contain('password');
    }
  });
});

describe('boutique requests', () => {
  it('are read without throwing, whatever their target', () => {
    fc.assert(
      fc.property(fc.string(), (url) => {
        targetOf(url);
      }),
    );
    expect(targetOf('/search?q=a?b').query.get('q')).to.equal('a?b');
    expect(targetOf(undefined).path).to.equal('/');
  });

  it('from other sites are refused', () => {
    const host = 'shop.example:8080';
    for (const headers of [
      { host },
      { host, 'sec-fetch-site': 'same-origin' },
      { host, 'sec-fetch-site': 'none' },
      { host, origin: 'https://shop.example:8080' },
    ]) {
      expect(() => refuseCrossSite(headers)).not.to.throw();
    }
    for (const headers of [
      { host, 'sec-fetch-site': 'cross-site' },
      { host, 'sec-fetch-site': 'same-site' },
      { host, origin: 'https://evil.example' },
      { host, origin: 'null' },
    ]) {
      expect(() => refuseCrossSite(headers))
        .to.throw(HttpError)
        .with.property('status', 403);
    }
  });

  it('are sent back to our own pages only', () => {
    const host = 'shop.example';
    const path = (referer: string) => refererPath({ host, referer });
    expect(path('http://shop.example/product/1?x=2#y')).to.equal('/product/1?x=2');
    for (const referer of ['http://evil.example/', 'nonsense', 'http://shop.example//evil.example', '']) {
      expect(path(referer), referer).to.equal(undefined);
    }
  });
});

describe('boutique pictures', () => {
  it('are there for every product', () => {
    for (const { picture } of products)
      expect(pictures.get(picture)).to.match(/^<svg [^>]+viewBox.*<\/svg>$/s);
  });
});
