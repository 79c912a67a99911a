import { createServer } from 'node:http';
import { connect as netConnect } from 'node:net';
import { expect } from 'chai';
import { currentCall, withCall } from '../call/call-context.js';
import { registerCompiledApp } from '../codec/compiled.js';
import { component } from '../component/registry.js';
import type { Context } from '../context/context.js';
import { RemoteCallError } from '../errors/remote-call-error.js';
import { hashKey } from '../protocol/key-hash.js';
import type { RoutingKey } from '../protocol/routing-key.js';
import { Proclet } from './proclet.js';
import { FakeEnvelope, jsonApp, jsonMethod, until } from './spec-support.js';

class Counter {
  static executed = 0;
  static aborted = 0;
  static returned = 0;
  static stopped = 0;
  static release: () => void = () => {};

  constructor(private readonly ctx: Context) {}

  async add(a: number, b: number): Promise<number> {
    Counter.executed++;
    return a + b;
  }

  async where(): Promise<string> {
    return this.ctx.replica;
  }

  async seen(): Promise<unknown> {
    const call = currentCall();
    return {
      tenant: call?.metadata.get('tenant'),
      traceparent: call?.traceparent,
      timed: (call?.timeLeft ?? 0) > 0,
    };
  }

  async fail(): Promise<never> {
    throw Object.assign(new RangeError('out of stock', { cause: new Error('shelf empty') }), { sku: 'p1' });
  }

  async hang(): Promise<void> {
    const signal = currentCall()?.signal;
    await new Promise<void>((resolve) => {
      Counter.release = resolve;
      signal?.addEventListener('abort', () => {
        Counter.aborted++;
        resolve();
      });
    });
  }

  async *count(to: number): AsyncGenerator<number> {
    try {
      for (let i = 0; i < to; i++) yield i;
    } finally {
      Counter.returned++;
    }
  }

  /** Within a call or not, item for item. */
  async *tenants(count: number): AsyncGenerator<string | undefined> {
    for (let i = 0; i < count; i++) yield currentCall()?.metadata.get('tenant');
  }

  async stop(): Promise<void> {
    Counter.stopped++;
  }
}
component(Counter, {
  name: 'SpecCounter',
  retry: { where: true },
  routing: { add: (a) => a, count: (to) => to },
});

class Relay {
  constructor(private readonly ctx: Context) {}

  async relay(): Promise<unknown> {
    return this.ctx.get(Counter).seen();
  }
}
component(Relay, { name: 'SpecRelay' });

class Broken {
  async start(): Promise<void> {
    throw new Error('no database');
  }
}
component(Broken, { name: 'SpecBroken' });

const METHODS = ['add', 'fail', 'hang', 'seen', 'where'].map((name) => jsonMethod(name));

describe('Proclet', () => {
  let envelope: FakeEnvelope;
  let app: Context;
  const running: { proclet: Proclet; done: Promise<void> }[] = [];

  async function start(replica: string, components: readonly string[], main = false): Promise<Proclet> {
    const hosting = {
      components: components.map((name) => ({ name, config: {}, implementation: undefined })),
      main,
    };
    const proclet = new Proclet(envelope.spec(replica, hosting), (context) => {
      app = context;
      return new Promise<void>(() => {}); // goes on until the proclet is shut down
    });
    const done = proclet.run();
    done.catch(() => {}); // asserted where it matters
    running.push({ proclet, done });
    await until(
      () =>
        ['serving', 'completed'].includes(envelope.phases.get(replica) ?? '') || envelope.failures.length > 0,
    );
    return proclet;
  }

  before(() =>
    registerCompiledApp(
      jsonApp({
        SpecBroken: [],
        SpecCounter: [...METHODS, jsonMethod('count', true), jsonMethod('tenants', true)],
        SpecRelay: [jsonMethod('relay')],
      }),
    ),
  );

  beforeEach(async () => {
    envelope = new FakeEnvelope();
    await envelope.listen();
    await start('main-0', [], true);
  });

  afterEach(async () => {
    for (const { proclet } of running) await proclet.shutdown(100);
    await Promise.allSettled(running.splice(0).map(({ done }) => done));
    await envelope.close();
  });

  it('serves what it hosts to others, over the routing that was pushed', async () => {
    await start('Counter-0', ['SpecCounter']);
    envelope.route('SpecCounter', ['Counter-0']);
    expect(await app.get(Counter).add(2, 3)).to.equal(5);
    expect(await app.get(Counter).where()).to.equal('Counter-0');
  });

  it('sends calls for a key to the owner of its slice, and nothing whose key is none', async () => {
    await start('Counter-0', ['SpecCounter']);
    await start('Counter-1', ['SpecCounter']);
    const assignment = { starts: [0, 2 ** 31], owners: [0, 1] };
    envelope.route('SpecCounter', ['Counter-0', 'Counter-1'], assignment);
    const ownerOf = (key: RoutingKey) => `Counter-${hashKey(key) < 2 ** 31 ? 0 : 1}`;
    for (const key of ['ann', 'bob', 7, -1.5, 2n ** 70n, ['ann', 7], { room: 7 }])
      expect(await app.get(Counter).with({ key }).where()).to.equal(ownerOf(key));
    const before = Counter.executed;
    const reason = await app
      .get(Counter)
      .add(Number.NaN, 1)
      .catch((thrown: unknown) => thrown);
    expect(reason)
      .to.be.instanceOf(RemoteCallError)
      .that.includes({ code: 'INVALID_ARGUMENT', executed: 'no', component: 'SpecCounter', method: 'add' })
      .and.has.property('message')
      .that.contains('routing function gave is NaN');
    expect(() => app.get(Counter).count(Number.NaN)).to.throw('SpecCounter.count: the key');
    expect(Counter.executed).to.equal(before);
  });

  it('holds calls until a replica appears', async () => {
    const call = app.get(Counter).add(1, 1);
    await start('Counter-0', ['SpecCounter']);
    envelope.route('SpecCounter', ['Counter-0']);
    expect(await call).to.equal(2);
  });

  it('says that a call without a replica was not executed, at its deadline', async () => {
    const reason = await app
      .get(Counter)
      .with({ timeout: 30 })
      .add(1, 1)
      .catch((thrown: unknown) => thrown);
    expect(reason)
      .to.be.instanceOf(RemoteCallError)
      .that.includes({ code: 'DEADLINE_EXCEEDED', executed: 'no', component: 'SpecCounter', method: 'add' });
  });

  it('carries deadline, metadata and trace over two hops', async () => {
    await start('Counter-0', ['SpecCounter']);
    await start('Relay-0', ['SpecRelay']);
    envelope.route('SpecCounter', ['Counter-0']);
    envelope.route('SpecRelay', ['Relay-0']);
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const seen = (await withCall({ traceparent, metadata: { tenant: 'acme' } }, () =>
      app.get(Relay).relay(),
    )) as {
      tenant: string;
      traceparent: string;
      timed: boolean;
    };
    expect(seen.tenant).to.equal('acme');
    expect(seen.timed).to.equal(true);
    expect(seen.traceparent.split('-')[1]).to.equal('4bf92f3577b34da6a3ce929d0e0e4736');
    await until(() => envelope.spans.length === 2);
    const [first, second] = envelope.spans.toSorted((a, b) => a.start - b.start);
    expect(first).to.include({ component: 'SpecRelay', parentSpanId: '00f067aa0ba902b7' });
    expect(second).to.include({ component: 'SpecCounter', parentSpanId: first?.spanId });
  });

  it("brings the component's error, with its class, fields, cause and both stacks", async () => {
    await start('Counter-0', ['SpecCounter']);
    envelope.route('SpecCounter', ['Counter-0']);
    async function checkout(): Promise<void> {
      await app.get(Counter).fail();
    }
    const reason = (await checkout().catch((thrown: unknown) => thrown)) as RangeError & { sku: string };
    expect(reason).to.be.instanceOf(RangeError);
    expect(reason.message).to.equal('out of stock');
    expect(reason.sku).to.equal('p1');
    expect((reason.cause as Error).message).to.equal('shelf empty');
    expect(reason.stack).to.match(/Counter\.fail[\s\S]*called from[\s\S]*checkout/);
  });

  it('cancels the callee when the caller cancels', async () => {
    await start('Counter-0', ['SpecCounter']);
    envelope.route('SpecCounter', ['Counter-0']);
    const before = Counter.aborted;
    const abort = new AbortController();
    const call = app
      .get(Counter)
      .with({ signal: abort.signal })
      .hang()
      .catch((thrown: unknown) => thrown);
    await app.get(Counter).add(0, 0);
    abort.abort();
    expect(await call).to.have.property('code', 'CANCELLED');
    await until(() => Counter.aborted === before + 1);
  });

  it('streams, and ends the callee’s generator when the caller leaves the loop', async () => {
    await start('Counter-0', ['SpecCounter']);
    envelope.route('SpecCounter', ['Counter-0']);
    const before = Counter.returned;
    const items: number[] = [];
    for await (const item of app.get(Counter).count(1_000_000)) {
      items.push(item);
      if (items.length === 3) break;
    }
    expect(items).to.deep.equal([0, 1, 2]);
    await until(() => Counter.returned === before + 1);
  });

  it('runs a generator’s body within its call, also where it waited for its reader', async () => {
    await start('Counter-0', ['SpecCounter']);
    envelope.route('SpecCounter', ['Counter-0']);
    const seen = new Map<unknown, number>();
    const items = app
      .get(Counter)
      .with({ metadata: { tenant: 'acme' } })
      .tenants(2_000);
    for await (const tenant of items) seen.set(tenant, (seen.get(tenant) ?? 0) + 1);
    expect([...seen]).to.deep.equal([['acme', 2_000]]);
  });

  it('finishes what is in flight when it shuts down, and tells callers to go elsewhere', async () => {
    await start('Counter-0', ['SpecCounter']);
    await start('Counter-1', ['SpecCounter']);
    envelope.route('SpecCounter', ['Counter-0']);
    const inFlight = app.get(Counter).hang();
    await app.get(Counter).add(0, 0);
    envelope.shutdown('Counter-0');
    await until(() => envelope.phases.get('Counter-0') === 'draining');
    envelope.route('SpecCounter', ['Counter-1']);
    expect(await app.get(Counter).where()).to.equal('Counter-1');
    const before = Counter.stopped;
    Counter.release();
    await inFlight;
    await until(() => Counter.stopped === before + 1);
  });

  it('keeps serving without its envelope, and registers again when one is back', async () => {
    await start('Counter-0', ['SpecCounter']);
    envelope.route('SpecCounter', ['Counter-0']);
    await app.get(Counter).add(1, 1);
    await envelope.crash();
    expect(await app.get(Counter).add(2, 2)).to.equal(4);
    await envelope.listen();
    await until(() => envelope.registered.has('Counter-0') && envelope.registered.has('main-0'));
    expect(envelope.registered.get('Counter-0')?.registration).to.deep.include({
      hosting: ['SpecCounter'],
      phase: 'serving',
      generation: 1,
    });
    await start('Counter-1', ['SpecCounter']);
    envelope.route('SpecCounter', ['Counter-1']);
    while ((await app.get(Counter).where()) !== 'Counter-1')
      await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('reports the component that failed to start, and ends', async () => {
    await start('Broken-0', ['SpecBroken']);
    await until(() => envelope.failures.length > 0);
    expect(envelope.failures[0]).to.include({ component: 'SpecBroken', message: 'no database' });
    const failed = running.at(-1);
    const reason = await failed?.done.catch((thrown: unknown) => thrown);
    expect(String(reason)).to.contain('SpecBroken failed to start: no database');
  });

  it('announces a listener once the app listens on it', async () => {
    const path = await app.listener('shop');
    const server = createServer((_, response) => response.end('hi'));
    expect(envelope.listeners).to.deep.equal([]);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await until(() => envelope.listeners.length === 1);
    const [opened] = envelope.listeners;
    expect(opened).to.have.property('name', 'shop');
    expect(opened?.address).to.deep.equal({ kind: 'unix', ...path });
    await new Promise((resolve) => server.close(resolve));
  });

  it('sends its log, with the component and the trace', async () => {
    app.log.warn({ order: 7 }, 'stock is low');
    await until(() => envelope.logs.length > 0);
    expect(envelope.logs[0]).to.deep.include({
      level: 40,
      component: 'main',
      message: 'stock is low',
      fields: { order: 7 },
    });
  });

  it('does not trip over garbage on its socket', async () => {
    await start('Counter-0', ['SpecCounter']);
    envelope.route('SpecCounter', ['Counter-0']);
    const address = envelope.registered.get('Counter-0')?.registration.address;
    if (address?.kind !== 'unix') throw new Error('a Unix socket was asked for');
    const socket = netConnect(address.path);
    socket.on('error', () => {}); // it is cut, which is the point
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(await app.get(Counter).add(1, 2)).to.equal(3);
  });
});
