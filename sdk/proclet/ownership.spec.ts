import { expect } from 'chai';
import { currentCall } from '../call/call-context.js';
import { deferred } from '../call/deferred.js';
import { registerCompiledApp } from '../codec/compiled.js';
import { component } from '../component/registry.js';
import type { Context } from '../context/context.js';
import { RemoteCallError } from '../errors/remote-call-error.js';
import type { KeySlice } from '../ownership/key-slice.js';
import { NO_OWNER } from '../protocol/control.js';
import { hashKey } from '../protocol/key-hash.js';
import { Proclet } from './proclet.js';
import { FakeEnvelope, jsonApp, jsonMethod, until } from './spec-support.js';

class Room {
  static readonly events: string[] = [];
  static gate = deferred<void>();
  static acquires: () => Promise<void> = async () => undefined;

  constructor(private readonly ctx: Context) {}

  async post(_room: string): Promise<string> {
    return this.ctx.replica;
  }

  async where(): Promise<string> {
    return this.ctx.replica;
  }

  async slow(room: string): Promise<string> {
    Room.events.push(`slow ${room}`);
    await Room.gate.promise;
    return this.ctx.replica;
  }

  async *live(room: string): AsyncGenerator<string> {
    yield room;
    const signal = currentCall()?.signal;
    await new Promise((resolve) => signal?.addEventListener('abort', resolve));
    Room.events.push('live aborted');
  }

  async onAcquire(slice: KeySlice): Promise<void> {
    Room.events.push(`${this.ctx.replica} acquires ${slice.epoch} ${slice.has('ann')}`);
    await Room.acquires();
  }

  async onRelease(slice: KeySlice): Promise<void> {
    Room.events.push(`${this.ctx.replica} releases ${slice.epoch}`);
  }
}
component(Room, {
  name: 'SpecRoom',
  routing: { exclusive: true, post: (room) => room, slow: (room) => room, live: (room) => room },
});

describe('a component whose keys have one owner', () => {
  let envelope: FakeEnvelope;
  let app: Context;
  const running: { proclet: Proclet; done: Promise<void> }[] = [];

  async function start(replica: string, leased: boolean | undefined, main = false): Promise<Proclet> {
    const components = main ? [] : [{ name: 'SpecRoom', config: {}, implementation: undefined, owned: true }];
    const proclet = new Proclet(envelope.spec(replica, { components, main, leased }), (context) => {
      app = context;
      return new Promise<void>(() => {});
    });
    running.push({ proclet, done: proclet.run() });
    await until(() => envelope.phases.get(replica) === 'serving');
    return proclet;
  }

  /** All of the space, or but for the key `ann`, to one replica of several. */
  const whole = (owner: number, epoch: number) => ({ starts: [0], owners: [owner], epochs: [epoch] });
  const route = (owner: number, epoch: number) =>
    envelope.route('SpecRoom', ['Room-0', 'Room-1'], whole(owner, epoch));
  const settled = (replica: string) => envelope.settled.get(`${replica} SpecRoom`) === envelope.epoch;

  before(() =>
    registerCompiledApp(
      jsonApp({
        SpecRoom: [jsonMethod('live', true), jsonMethod('post'), jsonMethod('slow'), jsonMethod('where')],
      }),
    ),
  );

  beforeEach(async () => {
    Room.events.length = 0;
    Room.gate = deferred<void>();
    Room.acquires = async () => undefined;
    envelope = new FakeEnvelope();
    await envelope.listen();
    await start('main-0', undefined, true);
  });

  afterEach(async () => {
    Room.gate.resolve();
    await Promise.all(running.map(({ proclet }) => proclet.shutdown(100)));
    await Promise.all(running.splice(0).map(({ done }) => done));
    await envelope.close();
  });

  it('serves the keys that it owns alone, and methods without a key anyhow', async () => {
    await start('Room-0', undefined);
    route(0, 1);
    expect(await app.get(Room).post('ann')).to.equal('Room-0');
    await until(() => settled('Room-0'));
    route(NO_OWNER, 2);
    await until(() => settled('Room-0'));
    expect(await app.get(Room).where()).to.equal('Room-0');
    const reason = await app
      .get(Room)
      .with({ timeout: 50 })
      .post('ann')
      .catch((thrown: unknown) => thrown);
    expect(reason).to.be.instanceOf(RemoteCallError).that.includes({ executed: 'no' });
    expect(Room.events).to.deep.equal(['Room-0 acquires 1 true', 'Room-0 releases 1']);
  });

  it('lets calls in flight end before a key goes to another, and then releases it', async () => {
    await start('Room-0', undefined);
    await start('Room-1', undefined);
    route(0, 1);
    const slow = app.get(Room).slow('ann');
    await until(() => Room.events.includes('slow ann'));
    route(NO_OWNER, 2);
    await until(() => settled('Room-1'));
    expect(settled('Room-0')).to.equal(false);
    Room.gate.resolve();
    expect(await slow).to.equal('Room-0');
    await until(() => settled('Room-0'));
    route(1, 3);
    expect(await app.get(Room).post('ann')).to.equal('Room-1');
    expect(Room.events).to.deep.equal([
      'Room-0 acquires 1 true',
      'slow ann',
      'Room-0 releases 1',
      'Room-1 acquires 3 true',
    ]);
  });

  it('lets calls wait for onAcquire', async () => {
    const acquired = deferred<void>();
    Room.acquires = () => acquired.promise;
    await start('Room-0', undefined);
    route(0, 1);
    const calls = ['ann', 'bob'].map((room) => app.get(Room).post(room));
    await until(() => Room.events.length > 0);
    acquired.resolve();
    expect(await Promise.all(calls)).to.deep.equal(['Room-0', 'Room-0']);
  });

  it('ends a stream whose key goes to another', async () => {
    await start('Room-0', undefined);
    await start('Room-1', undefined);
    route(0, 1);
    const stream = app.get(Room).live('ann')[Symbol.asyncIterator]();
    expect(await stream.next()).to.deep.include({ value: 'ann' });
    route(NO_OWNER, 2);
    const reason = await stream.next().catch((thrown: unknown) => thrown);
    expect(reason)
      .to.be.instanceOf(RemoteCallError)
      .that.includes({ code: 'STALE_OWNER', executed: 'unknown', method: 'live' });
    await until(() => settled('Room-0'));
    expect(Room.events).to.include('live aborted');
  });

  it('acts while it is leased alone, and gives no answer that spans a gap', async () => {
    const now = () => Number(process.hrtime.bigint()) / 1e6;
    await start('Room-0', true);
    route(0, 1);
    const early = app.get(Room).post('ann');
    await until(() => settled('Room-0'));
    expect(Room.events).to.deep.equal([]);
    envelope.lease('Room-0', now() + 60_000);
    expect(await early).to.equal('Room-0');
  });

  it('says again what is settled, on a new connection', async () => {
    await start('Room-0', undefined);
    route(0, 1);
    await until(() => settled('Room-0'));
    envelope.settled.clear();
    await envelope.crash();
    await envelope.listen();
    await until(() => settled('Room-0'));
  });

  it('gives up its keys when it shuts down, after what is in flight', async () => {
    const proclet = await start('Room-0', undefined);
    route(0, 1);
    const slow = app.get(Room).slow('ann');
    await until(() => Room.events.includes('slow ann'));
    const over = proclet.shutdown(2000);
    route(NO_OWNER, 2);
    Room.gate.resolve();
    expect(await slow).to.equal('Room-0');
    await over;
    expect(Room.events.at(-1)).to.equal('Room-0 releases 1');
    expect(settled('Room-0')).to.equal(true);
  });

  it('hands the key’s hash over as callers compute it', async () => {
    await start('Room-0', undefined);
    await start('Room-1', undefined);
    const middle = hashKey('ann');
    envelope.route('SpecRoom', ['Room-0', 'Room-1'], {
      starts: [0, middle, middle + 1],
      owners: [0, 1, 0],
      epochs: [1, 2, 1],
    });
    expect(await app.get(Room).post('ann')).to.equal('Room-1');
    expect(await app.get(Room).with({ key: 'bob' }).where()).to.equal('Room-0');
  });
});
