import { expect } from 'chai';
import { type Bus, BusError, type BusErrorCode, type Change, MAX_VALUE_BYTES } from './bus.js';

export interface BusUnderTest {
  readonly bus: Bus;
  /** Another bus on the same durable state, after the first has gone without a goodbye where the driver allows it. */
  reopen(): Promise<Bus>;
  dispose(): Promise<void>;
}

/** What every driver of the bus must do. */
export function busConformance(driver: string, makeBus: () => Promise<BusUnderTest>): void {
  describe(`bus conformance: ${driver}`, () => {
    let under: BusUnderTest;
    let bus: Bus;

    beforeEach(async () => {
      under = await makeBus();
      bus = under.bus;
    });
    afterEach(() => under.dispose());

    it('publishes to all who subscribe, by exact subject and by pattern, in order', async () => {
      const heard: string[] = [];
      const done = deferred();
      bus.subscribe('a.b', (body) => heard.push(`exact ${body}`));
      bus.subscribe('a.*', (body) => heard.push(`star ${body}`));
      bus.subscribe('a.*.c', (body) => heard.push(`wrong ${body}`));
      bus.subscribe('>', (body, subject) => {
        heard.push(`all ${body}`);
        if (subject === 'end') done.resolve();
      });
      bus.publish('a.b', 1);
      bus.publish('a.b', 2);
      bus.publish('end', 3);
      await done.promise;
      expect(heard.filter((line) => line.startsWith('exact'))).to.deep.equal(['exact 1', 'exact 2']);
      expect(heard.filter((line) => line.startsWith('star'))).to.deep.equal(['star 1', 'star 2']);
      expect(heard.filter((line) => line.startsWith('all'))).to.deep.equal(['all 1', 'all 2', 'all 3']);
      expect(heard.filter((line) => line.startsWith('wrong'))).to.be.empty;
    });

    it('delivers copies, so that no two parties share an object', async () => {
      const sent = { list: [1] };
      const arrived = deferred<unknown>();
      bus.subscribe('copy', arrived.resolve);
      bus.publish('copy', sent);
      sent.list.push(2);
      expect(await arrived.promise).to.deep.equal({ list: [1] });
    });

    it('delivers nothing to a closed subscription', async () => {
      const done = deferred();
      const closed = bus.subscribe('x', () => done.reject(new Error('delivered to a closed subscription')));
      bus.subscribe('x', () => done.resolve());
      closed.close();
      bus.publish('x', null);
      await done.promise;
    });

    it('is not harmed by a subscriber that throws', async () => {
      const done = deferred();
      bus.subscribe('x', () => {
        throw new Error('planted');
      });
      bus.subscribe('x', () => done.resolve());
      bus.publish('x', null);
      await done.promise;
    });

    it('answers a request, with the reason when it is refused', async () => {
      bus.serve('double', (body) => Number(body) * 2);
      bus.serve('refuse', () => Promise.reject(new Error('not today')));
      expect(await bus.request('double', 21, { timeoutMs: 5000 })).to.equal(42);
      const refusal = await rejection(bus.request('refuse', null, { timeoutMs: 5000 }), 'REFUSED');
      expect(refusal.message).to.contain('not today');
    });

    it('fails a request that nobody serves, or that is not answered in time', async () => {
      await rejection(bus.request('nobody', null, { timeoutMs: 5000 }), 'NO_RESPONDERS');
      bus.serve('silent', () => new Promise(() => undefined));
      await rejection(bus.request('silent', null, { timeoutMs: 10 }), 'TIMEOUT');
    });

    it('refuses bodies and values that are too large or no JSON, and keys that are no keys', async () => {
      const store = bus.store('s');
      await rejection(store.put('k', 'x'.repeat(MAX_VALUE_BYTES)), 'TOO_LARGE');
      await rejection(store.put('k', undefined), 'INVALID');
      for (const key of ['', 'a b', '.a', 'a.', 'a..b', '*', 'é'])
        await rejection(store.put(key, 1), 'INVALID');
      expect(() => bus.publish('x', undefined)).to.throw(BusError);
      expect(() => bus.store('No Bucket')).to.throw(BusError);
    });

    it('stores, with revisions that rise', async () => {
      const store = bus.store('s');
      expect(await store.get('k')).to.equal(undefined);
      const first = await store.put('k', { a: 1 });
      expect(await store.get('k')).to.deep.equal({ key: 'k', value: { a: 1 }, revision: first });
      const second = await store.put('k', null);
      expect(second).to.be.greaterThan(first);
      await store.put('app/x.y', 1);
      expect([...(await store.keys())].sort()).to.deep.equal(['app/x.y', 'k']);
      await store.delete('k');
      await store.delete('k');
      expect(await store.get('k')).to.equal(undefined);
      expect(await bus.store('other').keys()).to.deep.equal([]);
    });

    it('compares and sets', async () => {
      const store = bus.store('s');
      const first = await store.create('k', 1);
      await rejection(store.create('k', 2), 'CONFLICT');
      await rejection(store.update('k', 2, first + 1), 'CONFLICT');
      const second = await store.update('k', 2, first);
      await rejection(store.delete('k', first), 'CONFLICT');
      await store.delete('k', second);
      await rejection(store.update('k', 3, second), 'CONFLICT');
      expect(await store.create('k', 4)).to.be.greaterThan(second);
    });

    it('lets one of many concurrent writers win', async () => {
      const store = bus.store('s');
      const attempts = Array.from({ length: 20 }, (_, index) => store.create('k', index));
      const results = await Promise.allSettled(attempts);
      const winners = results.filter((result) => result.status === 'fulfilled');
      expect(winners).to.have.length(1);
      const increments = Array.from({ length: 10 }, () => increment(bus));
      await Promise.all(increments);
      expect((await store.get('counter'))?.value).to.equal(10);
    });

    it('watches: what is there, then each change in order', async () => {
      const store = bus.store('s');
      const first = await store.put('a', 1);
      await store.put('gone', 1);
      await store.delete('gone');
      const seen: Change[] = [];
      const done = deferred();
      const watch = await store.watch((change) => {
        seen.push(change);
        if (change.kind === 'put' && change.key === 'end') done.resolve();
      });
      expect(seen).to.deep.equal([{ kind: 'snapshot', entries: [{ key: 'a', value: 1, revision: first }] }]);
      await store.put('a', 2);
      await store.delete('a');
      await store.put('end', 0);
      await done.promise;
      expect(seen.map((change) => (change.kind === 'put' ? change.value : change.kind))).to.deep.equal([
        'snapshot',
        2,
        'deleted',
        0,
      ]);
      watch.close();
      await store.put('a', 3);
      expect(seen).to.have.length(4);
    });

    it('keeps blobs by digest', async () => {
      const bytes = new TextEncoder().encode('a bundle');
      const digest = await bus.blobs.put(bytes);
      expect(digest).to.match(/^[0-9a-f]{64}$/);
      expect(await bus.blobs.put(bytes)).to.equal(digest);
      expect(Buffer.from((await bus.blobs.get(digest)) ?? [])).to.deep.equal(Buffer.from(bytes));
      await bus.blobs.delete(digest);
      await bus.blobs.delete(digest);
      expect(await bus.blobs.get(digest)).to.equal(undefined);
    });

    it('has everything that was acknowledged after it is opened again', async () => {
      const store = bus.store('s');
      const revision = await store.put('k', 'kept');
      await store.put('gone', 1);
      await store.delete('gone');
      const newest = await store.put('l', 2);
      const digest = await bus.blobs.put(new Uint8Array([1, 2, 3]));
      const again = await under.reopen();
      expect(await again.store('s').get('k')).to.deep.equal({ key: 'k', value: 'kept', revision });
      expect([...(await again.store('s').keys())].sort()).to.deep.equal(['k', 'l']);
      expect(await again.store('s').put('k', 'newer')).to.be.greaterThan(newest);
      expect(await again.blobs.get(digest)).to.have.length(3);
    });

    it('says that it is connected, and after closing refuses with CLOSED', async () => {
      expect(await bus.check()).to.deep.equal({ kind: 'connected' });
      bus.serve('silent', () => new Promise(() => undefined));
      const pending = rejection(bus.request('silent', null, { timeoutMs: 60_000 }), 'CLOSED');
      await bus.close();
      await bus.close();
      await pending;
      expect(bus.state()).to.deep.equal({ kind: 'closed' });
      expect(() => bus.publish('x', 1)).to.throw(BusError, 'closed');
      await rejection(bus.store('s').put('k', 1), 'CLOSED');
    });
  });
}

async function increment(bus: Bus): Promise<void> {
  const store = bus.store('s');
  for (;;) {
    const entry = await store.get('counter');
    try {
      await store.update('counter', Number(entry?.value ?? 0) + 1, entry?.revision ?? 0);
      return;
    } catch (reason) {
      if (!(reason instanceof BusError) || reason.code !== 'CONFLICT') throw reason;
    }
  }
}

export async function rejection(promise: Promise<unknown>, code: BusErrorCode): Promise<BusError> {
  const outcome = await promise.then(
    (value) => new Error(`resolved with ${JSON.stringify(value)} instead of ${code}`),
    (reason: unknown) => reason,
  );
  expect(outcome).to.be.instanceOf(BusError);
  expect((outcome as BusError).code).to.equal(code);
  return outcome as BusError;
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

function deferred<T = void>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<T>((ok, no) => {
    resolve = ok;
    reject = no;
  });
  return { promise, resolve, reject };
}
