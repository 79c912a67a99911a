import { expect } from 'chai';
import { type Context, component, currentCall, type KeySlice, RemoteCallError } from '../index.js';
import { startTestApp, type TestApp } from './index.js';

class Shelf {
  readonly items: string[][] = [];
  started = false;

  async start(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 10));
    this.started = true;
  }

  async put(box: string[]): Promise<string[]> {
    this.items.push(box);
    return box;
  }

  async count(): Promise<number> {
    if (!this.started) throw new Error('called before start resolved');
    return this.items.length;
  }

  async *each(): AsyncGenerator<string[]> {
    yield* this.items;
  }

  async forEver(): Promise<void> {
    await new Promise(() => {});
  }
}
component(Shelf, {
  name: 'TestShelf',
  retry: { count: true },
  routing: { put: (box) => box[0] ?? Number.NaN },
});

/** Refers to Reader, which refers back. */
class Librarian {
  constructor(private readonly ctx: Context) {}

  async start(): Promise<void> {
    await this.ctx.get(Shelf).count();
  }

  async greet(depth: number): Promise<string> {
    return depth === 0
      ? `librarian ${currentCall()?.metadata.get('tenant') ?? '-'}`
      : this.ctx.get(Visitor).greet(depth - 1);
  }
}
component(Librarian, { name: 'TestLibrarian' });

class Visitor {
  constructor(private readonly ctx: Context) {}

  async greet(depth: number): Promise<string> {
    return depth === 0 ? 'visitor' : this.ctx.get(Librarian).greet(depth - 1);
  }
}
component(Visitor, { name: 'TestVisitor' });

abstract class Clock {
  abstract now(): Promise<number>;
}
class FixedClock extends Clock {
  constructor(private readonly at: number) {
    super();
  }
  async now(): Promise<number> {
    return this.at;
  }
}
component(Clock, { name: 'TestClock', create: () => new FixedClock(42) });

const COMPONENTS = [Shelf, Librarian, Visitor, Clock];

describe('startTestApp', () => {
  let app: TestApp;
  beforeEach(async () => {
    app = await startTestApp({ components: COMPONENTS });
  });
  afterEach(() => app.stop());

  it('copies arguments and results, as between two processes', async () => {
    const box = ['a'];
    const returned = await app.get(Shelf).put(box);
    box.push('b');
    returned.push('c');
    for await (const kept of app.get(Shelf).each()) expect(kept).to.deep.equal(['a']);
  });

  it('names what could not travel', async () => {
    const unsafe = app.get(Shelf) as unknown as { put(box: unknown): Promise<unknown> };
    expect(() => unsafe.put(['a', () => 1])).to.throw('TestShelf.put argument 1[1] is a function');
  });

  it('refuses a call without a usable routing key, as a remote one would be', async () => {
    expect(() => app.get(Shelf).put([])).to.throw(
      'TestShelf.put: the key that its routing function gave is NaN; a key is a string',
    );
    expect(await app.get(Shelf).with({ key: 'shelf' }).put([])).to.deep.equal([]);
  });

  it('lets components refer to each other in cycles', async () => {
    expect(await app.get(Librarian).greet(4)).to.equal('librarian -');
    expect(await app.get(Librarian).greet(3)).to.equal('visitor');
  });

  it('carries metadata over hops', async () => {
    expect(
      await app
        .get(Visitor)
        .with({ metadata: { tenant: 'acme' } })
        .greet(3),
    ).to.equal('librarian acme');
  });

  it('makes an abstract component by create', async () => {
    expect(await app.get(Clock).now()).to.equal(42);
  });

  it('gives up a co-located call at its deadline and when it is cancelled', async () => {
    const late = await app
      .get(Shelf)
      .with({ timeout: 5 })
      .forEver()
      .catch((reason: unknown) => reason);
    expect(late).to.be.instanceOf(RemoteCallError).with.property('code', 'DEADLINE_EXCEEDED');
    const abort = new AbortController();
    const call = app
      .get(Shelf)
      .with({ signal: abort.signal })
      .forEver()
      .catch((reason: unknown) => reason);
    abort.abort();
    expect(await call).to.have.property('code', 'CANCELLED');
  });

  it('puts a fake in a component’s place, and repeats what may run twice', async () => {
    let calls = 0;
    const faked = await startTestApp({
      components: [Shelf],
      fakes: [[Shelf, { count: async () => ++calls }]],
      repeatRetriable: true,
    });
    calls = 0;
    expect(await faked.get(Shelf).count()).to.equal(2);
    await faked.stop();
  });

  it('refuses calls once it is stopped, as not executed', async () => {
    const other = await startTestApp({ components: [Shelf] });
    const shelf = other.get(Shelf);
    await other.stop();
    const reason = await shelf.count().catch((thrown: unknown) => thrown);
    expect(reason).to.be.instanceOf(RemoteCallError).with.property('executed', 'no');
  });
});

class Ledger {
  readonly events: string[] = [];
  async start(): Promise<void> {
    this.events.push('start');
  }
  onAcquire({ start, end, epoch, has }: KeySlice): void {
    this.events.push(`acquire ${start} ${end} ${epoch} ${has('ann')}`);
  }
  async balance(_account: string): Promise<number> {
    return this.events.push('balance');
  }
  async onRelease(): Promise<void> {
    this.events.push('release');
    throw new Error('cannot flush');
  }
  async stop(): Promise<void> {
    this.events.push('stop');
  }
}
const ledger = new Ledger();
component(Ledger, {
  name: 'TestLedger',
  create: () => ledger,
  routing: { exclusive: true, balance: (account) => account },
});

describe('keys with one owner, in a single process', () => {
  it('are all its own, from start to stop', async () => {
    const app = await startTestApp({ components: [Ledger] });
    await app.get(Ledger).balance('ann');
    expect('onAcquire' in app.get(Ledger)).to.equal(false);
    await app.stop();
    const acquired = 'acquire 0 4294967296 1 true';
    expect(ledger.events).to.deep.equal(['start', acquired, 'balance', 'release', 'stop']);
  });
});

describe('component()', () => {
  it('refuses two components of one name, and a class registered twice', () => {
    class Twin {}
    expect(() => component(Twin, { name: 'TestShelf' })).to.throw('Two components are named TestShelf');
    expect(() => component(Shelf, { name: 'OtherShelf' })).to.throw('called twice');
  });

  it('refuses names that the protocol or the manifest could not hold', () => {
    class Odd {}
    for (const name of ['', 'a b', 'main', 'x'.repeat(65), '1st'])
      expect(() => component(Odd, { name }), name).to.throw('cannot name a component');
  });
});
