import { expect } from 'chai';
import type { RoutingView } from '../../daemon/api/api-types.js';
import { hashKey } from '../../sdk/protocol/key-hash.js';
import { parseKey } from '../session/parse-key.js';
import { runAgainst } from '../spec-support/run-against.js';

const view: RoutingView = {
  app: 'shop',
  version: 'v1',
  component: 'Cart',
  epoch: 7,
  routed: true,
  owned: false,
  measured: true,
  replicas: [
    { replica: 'Cart-0', host: 'h1', slices: 1, share: 0.5, load: 30 },
    { replica: 'Cart-1', host: 'h2', slices: 1, share: 0.5, load: 10 },
  ],
  slices: [
    { start: 0, replica: 'Cart-0', load: 30 },
    { start: 2 ** 31, replica: 'Cart-1', load: 10 },
  ],
};
const routing = async () => [view];

describe('weaverd routing', () => {
  it('shows slices, owners and load', async () => {
    const { stdout, code } = await runAgainst(['routing', 'Cart'], { routing });
    expect(code).to.equal(0);
    expect(stdout.split('\n')).to.deep.equal([
      'shop v1 Cart  epoch 7',
      '',
      'REPLICA  HOST  SLICES    KEYS    LOAD',
      'Cart-0   h1         1  50.0 %  75.0 %',
      'Cart-1   h2         1  50.0 %  25.0 %',
      '',
      'FROM      TO        REPLICA    KEYS    LOAD',
      '00000000  7fffffff  Cart-0   50.0 %  75.0 %',
      '80000000  ffffffff  Cart-1   50.0 %  25.0 %',
      '',
    ]);
  });

  it('names all replicas that serve a hot key', async () => {
    const hash = hashKey('ann');
    const slices = [
      { start: 0, replica: 'Cart-0', load: 10 },
      { start: hash, replica: 'Cart-1', others: ['Cart-0'], load: 20 },
      { start: hash + 1, replica: 'Cart-1', load: 10 },
    ];
    const shared = { routing: async () => [{ ...view, slices }] };
    const { stdout } = await runAgainst(['routing', 'Cart'], shared);
    expect(stdout).to.match(/Cart-1, Cart-0 +one +50\.0 %/);
    const ann = await runAgainst(['routing', 'Cart', '--key', 'ann'], shared);
    expect(ann.stdout).to.contain('goes to Cart-1 on h2 or Cart-0: slice');
  });

  it('tells where a key goes, also as JSON', async () => {
    const ann = await runAgainst(['routing', 'Cart', '--key', 'ann'], { routing });
    expect(ann.stdout).to.equal(
      'ann (hash d5b64779) goes to Cart-1 on h2: slice 80000000 to ffffffff\n'.replace(
        'd5b64779',
        hashKey('ann').toString(16),
      ),
    );
    const json = await runAgainst(['routing', 'Cart', '--key', '42', '--json'], { routing });
    expect(JSON.parse(json.stdout)).to.deep.include({
      component: 'Cart',
      key: { hash: hashKey(42), replica: 'Cart-0', others: [], host: 'h1', start: 0, end: 2 ** 31 },
    });
  });

  it('shows the epochs of an owned component, and what is handed over', async () => {
    const heldBy = 'Cart-1 of v0 on h2';
    const slices = [
      { start: 0, replica: 'Cart-0', load: 30, epoch: 5 },
      { start: 2 ** 30, replica: '', load: 10, epoch: 4, heldBy },
      { start: 2 ** 31, replica: '', load: 0, epoch: 0 },
    ];
    const owned = { routing: async () => [{ ...view, owned: true, slices }] };
    const { stdout } = await runAgainst(['routing', 'Cart'], owned);
    expect(stdout.split('\n').slice(6)).to.deep.equal([
      'FROM      TO        REPLICA                              KEYS    LOAD  EPOCH',
      '00000000  3fffffff  Cart-0                             25.0 %  75.0 %      5',
      '40000000  7fffffff  handed over by Cart-1 of v0 on h2  25.0 %  25.0 %      4',
      '80000000  ffffffff  not owned yet                      50.0 %   0.0 %      0',
      '',
    ]);
    const ann = await runAgainst(['routing', 'Cart', '--key', 'ann'], owned);
    expect(ann.stdout).to.match(/is not owned yet: slice 80000000 to ffffffff, epoch 0/);
  });

  it('asks for the app when several have the component, and names what has no routing', async () => {
    const two = await runAgainst(['routing', 'Cart'], {
      routing: async () => [view, { ...view, app: 'chat' }],
    });
    expect(two.stderr).to.contain('name one with --app: shop, chat');
    const unrouted = await runAgainst(['routing', 'Cart'], {
      routing: async () => [{ ...view, routed: false, slices: [] }],
    });
    expect(unrouted.stderr).to.contain('Cart has no routing');
  });

  it('reads keys as they are typed', () => {
    expect(['ann', '7f3a', '0.5', '"42"', '["ann", 7]', '{"room": 7}'].map(parseKey)).to.deep.equal([
      ...['ann', '7f3a', 0.5, '42', ['ann', 7], { room: 7 }],
    ]);
    for (const number of ['42', '-1', '42n']) expect(parseKey(number)).to.be.a('bigint');
    expect(hashKey(parseKey('42'))).to.equal(hashKey(42));
    expect(() => parseKey('["ann"')).to.throw('is not JSON');
    expect(() => parseKey('[["ann"]]')).to.throw('the key has at [0] an array');
  });
});
