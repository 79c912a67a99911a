import { createServer } from 'node:http';
import { expect } from 'chai';
import { openLocalShop } from '../testing/local-shop.js';
import { rejection } from '../testing/rejection.js';
import { type Action, chooseAction, mix, requestsPerAction } from './mix.js';
import { seededRandom } from './random.js';
import { runLoad } from './run-load.js';
import { Shopper, WrongAnswer } from './shopper.js';

describe('boutique load generator', () => {
  it('finds nothing wrong with the shop, closed loop and open', async () => {
    const { close, socketPath } = await openLocalShop();
    try {
      const closed = await runLoad({ socketPath, users: 3, duration: 0.3 });
      expect(closed.failures).to.deep.equal({});
      expect(closed.requests).to.be.greaterThan(10);
      expect(closed.latency.p99).to.be.at.least(closed.latency.p50);
      const open = await runLoad({ socketPath, rate: 200, duration: 0.3, seed: 7 });
      expect(open).to.deep.include({ failures: {}, failed: 0 });
      expect(Object.values(open.actions).reduce((sum, { requests }) => sum + requests, 0)).to.equal(
        open.requests,
      );
    } finally {
      await close();
    }
  });

  it('makes the same choices with the same seed', async () => {
    const choices = (seed: number) => {
      const random = seededRandom(seed);
      return Array.from({ length: 50 }, () => chooseAction(random));
    };
    expect(choices(3)).to.deep.equal(choices(3));
    expect(choices(3)).not.to.deep.equal(choices(4));
  });

  it('keeps to the mix', () => {
    const random = seededRandom(1);
    const counts = new Map<Action, number>();
    const total = 19_000;
    for (let count = 0; count < total; count++) {
      const action = chooseAction(random);
      counts.set(action, (counts.get(action) ?? 0) + 1);
    }
    for (const { action, weight } of mix) expect(counts.get(action)).to.be.closeTo(weight * 1000, 250);
    expect(requestsPerAction).to.be.closeTo(23 / 19, 1e-9);
  });

  it('counts failures by kind, and does not hang', async () => {
    const server = createServer((_, response) => response.writeHead(503).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    const busy = await runLoad({ url, rate: 100, duration: 0.2 });
    expect(Object.keys(busy.failures)).to.deep.equal(['status 503']);
    expect(busy.failed).to.equal(busy.requests);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const gone = await runLoad({ url, users: 2, duration: 0.1 });
    expect(Object.keys(gone.failures)).to.deep.equal(['ECONNREFUSED']);
    expect(gone.failed).to.equal(gone.requests).and.be.greaterThan(0);
  });

  it('gives up on an answer that does not come, and on a queue that grows', async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    try {
      const report = await runLoad({ url, rate: 200, duration: 0.1, timeout: 50, maxInFlight: 1 });
      expect(Object.keys(report.failures)).to.have.members(['timeout', 'too many in flight']);
      expect(report.latency.max).to.equal(0);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('sees wrong answers, not only wrong statuses', async () => {
    const shopper = new Shopper(seededRandom(1));
    const empty = async () => ({ status: 200, location: undefined, setCookie: [], body: '<html>' });
    const actions: readonly [Action, string][] = [
      ['index', 'product missing on the index'],
      ['browse product', 'wrong product'],
      ['view cart', 'cart not as left'],
      ['set currency', 'status 200'],
    ];
    for (const [action, kind] of actions) {
      expect(await rejection(shopper.act(action, empty)))
        .to.be.instanceOf(WrongAnswer)
        .and.include({ kind });
    }
  });

  it('refuses options that make no sense', async () => {
    expect(String(await rejection(runLoad({ rate: 1, users: 1 })))).to.contain('not both');
    expect(String(await rejection(runLoad({ rate: Number.NaN })))).to.contain('rate has to be above 0');
    expect(String(await rejection(runLoad({ duration: 0 })))).to.contain('duration has to be above 0');
  });
});
