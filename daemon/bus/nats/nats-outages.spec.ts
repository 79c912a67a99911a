import { expect } from 'chai';
import { connect } from 'nats';
import { eventually } from '../../../test/support/eventually.js';
import { freePort } from '../../../test/support/free-port.js';
import { NatsServer } from '../../../test/support/nats-server.js';
import { BusError, type Change, isTransient } from '../bus.js';
import { rejection } from '../bus-conformance.spec.js';
import { becomes, OpenedBuses } from './spec-support/opened-buses.js';

describe('nats bus: outages of one server', () => {
  let server: NatsServer;
  let buses: OpenedBuses;

  beforeEach(async () => {
    server = await NatsServer.start();
    buses = new OpenedBuses();
  });
  afterEach(async () => {
    await buses.close();
    await server.dispose();
  });
  const config = () => ({ servers: [server.url], replicas: 1 as const });

  it('is there without NATS, says why it is not connected, refuses, and connects when NATS comes', async () => {
    const port = await freePort();
    const bus = buses.open({ servers: [`nats://127.0.0.1:${port}`], replicas: 1 });
    const heard: unknown[] = [];
    bus.subscribe('x', (body) => heard.push(body));
    const reason = await eventually('a reason', () => {
      const state = bus.state();
      return state.kind === 'connecting' && state.reason.includes('refused') ? state.reason : undefined;
    });
    expect(reason).to.contain(String(port));
    expect(() => bus.publish('x', 1)).to.throw(BusError, 'connection refused');
    await rejection(bus.request('x', 1, { timeoutMs: 1000 }), 'UNAVAILABLE');
    await rejection(bus.store('s').put('k', 1), 'UNAVAILABLE');
    await rejection(
      bus.store('s').watch(() => undefined),
      'UNAVAILABLE',
    );
    expect(await bus.check()).to.have.property('kind', 'connecting');

    const late = await NatsServer.start({ port });
    try {
      await becomes(bus, 'connected');
      bus.publish('x', 2);
      await eventually('heard', () => (heard.length > 0 ? true : undefined));
      expect(heard).to.deep.equal([2]);
      await bus.store('s').put('k', 1);
    } finally {
      await late.dispose();
    }
  });

  it('goes on after the server was killed and started again, with a new snapshot', async () => {
    const bus = await buses.connected(config());
    const store = bus.store('s');
    const changes: Change[] = [];
    const heard: unknown[] = [];
    await store.put('a', 1);
    await store.watch((change) => changes.push(change));
    bus.subscribe('x', (body) => heard.push(body));
    bus.serve('silent', () => new Promise(() => undefined));
    const pending = rejection(bus.request('silent', null, { timeoutMs: 60_000 }), 'TIMEOUT');
    await bus.check(); // so that the request is under way

    await server.kill();
    await pending;
    const state = await becomes(bus, 'connecting');
    expect(state).to.have.property('reason').that.contains('127.0.0.1');
    await server.start();
    await becomes(bus, 'connected');
    await eventually('a second snapshot', () =>
      changes.filter(({ kind }) => kind === 'snapshot').length === 2 ? true : undefined,
    );
    expect(changes.at(-1)).to.have.nested.property('entries[0].value', 1);
    const revision = await store.put('b', 2);
    await eventually('the change', () => changes.find((each) => each.kind === 'put'));
    expect(changes.at(-1)).to.deep.equal({ kind: 'put', key: 'b', value: 2, revision });
    bus.publish('x', 'again');
    await eventually('heard', () => (heard.length > 0 ? true : undefined));
  });

  it('shows a store that was rebuilt from nothing as it is, with revisions that start again', async () => {
    const bus = await buses.connected(config());
    const store = bus.store('s');
    const changes: Change[] = [];
    for (let index = 0; index < 5; index++) await store.put('a', index);
    const digest = await bus.blobs.put(new Uint8Array([1, 2, 3]));
    await store.watch((change) => changes.push(change));
    await server.kill();
    await server.wipe();
    await server.start();
    await becomes(bus, 'connected');
    await eventually('an empty snapshot', () =>
      changes.find((change) => change.kind === 'snapshot' && change.entries.length === 0),
    );
    expect(await store.create('a', 'anew')).to.equal(1);
    await eventually('the change', () => changes.find((each) => each.kind === 'put'));
    expect(changes.at(-1)).to.include({ key: 'a', value: 'anew', revision: 1 });
    expect(await bus.blobs.get(digest)).to.equal(undefined);
    expect(await bus.blobs.put(new Uint8Array([1, 2, 3]))).to.equal(digest);
  });

  it('makes a bucket again that was deleted under it, and its watch begins anew', async () => {
    const bus = await buses.connected(config());
    const store = bus.store('s');
    const changes: Change[] = [];
    await store.put('a', 1);
    await store.watch((change) => changes.push(change));
    const other = await connect({ servers: server.url });
    await (await other.jetstreamManager()).streams.delete(`KV_weaver_${buses.cluster}_s`);
    await other.close();
    expect(await store.get('a')).to.equal(undefined);
    expect(await store.put('b', 1)).to.equal(1);
    await eventually('b is told', () =>
      changes.find(
        (change) =>
          (change.kind === 'put' && change.key === 'b') ||
          (change.kind === 'snapshot' && change.entries.some(({ key }) => key === 'b')),
      ),
    );
  });

  it('notices a server that has stopped answering; a write under way is of unknown outcome', async () => {
    const bus = await buses.connected(config());
    const store = bus.store('s');
    await store.put('a', 1);
    server.freeze();
    const writing = rejection(store.put('a', 2), 'OUTCOME_UNKNOWN');
    const reading = store.get('a').catch((reason: unknown) => reason);
    const error = await writing;
    expect(error.message).to.contain('read it back');
    expect(isTransient(await reading)).to.equal(true);
    await becomes(bus, 'connecting');
    await rejection(store.put('a', 3), 'UNAVAILABLE');
    server.thaw();
    await becomes(bus, 'connected');
    expect([1, 2]).to.include((await store.get('a'))?.value);
  });

  it('says what is lacking when the server has no JetStream', async () => {
    const plain = await NatsServer.start({ withoutJetStream: true });
    try {
      const bus = buses.open({ servers: [plain.url], replicas: 1 });
      const state = await becomes(bus, 'degraded');
      expect(state).to.have.property('reason').that.contains('JetStream');
      expect(
        isTransient(
          await bus
            .store('s')
            .put('k', 1)
            .catch((reason: unknown) => reason),
        ),
      ).to.equal(true);
      const heard = new Promise((resolve) => bus.subscribe('x', resolve));
      bus.publish('x', 1);
      expect(await heard).to.equal(1);
    } finally {
      await plain.dispose();
    }
  });
});
