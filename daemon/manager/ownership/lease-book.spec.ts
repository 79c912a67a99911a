import { expect } from 'chai';
import { LEASE_MARGIN_MS, LEASE_MS } from '../../host/host-messages.js';
import { LeaseBook } from './lease-book.js';

const WHOLE_MS = LEASE_MS + LEASE_MARGIN_MS;

describe('the book of leases', () => {
  const replica = { version: 'v1', replica: 'Cart-0', generation: 1, host: 'h1' };

  it('knows of no lease of another leader, and so waits for one from the beginning of its term', () => {
    const book = new LeaseBook(1000);
    expect(book.lapsesAt('shop', replica)).to.equal(1000 + WHOLE_MS);
    book.prune(1000 + 2 * WHOLE_MS);
    expect(book.lapsesAt('shop', replica)).to.equal(1000 + WHOLE_MS);
  });

  it('counts from the heartbeat that the newest lease answers, for each process', () => {
    const book = new LeaseBook(0);
    book.note('shop', replica, 50_000);
    expect(book.lapsesAt('shop', replica)).to.equal(50_000 + WHOLE_MS);
    book.prune(50_000 + WHOLE_MS - 1);
    expect(book.lapsesAt('shop', replica)).to.equal(50_000 + WHOLE_MS);
    for (const other of [
      { ...replica, generation: 2 },
      { ...replica, host: 'h2' },
      { ...replica, version: 'v2' },
    ])
      expect(book.lapsesAt('shop', other)).to.equal(WHOLE_MS);
    expect(book.lapsesAt('blog', replica)).to.equal(WHOLE_MS);
  });
});
