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
  static readonly acting = new Map<string, Set<string>>();
  static gate = deferred<void>();
  static acquires: () => Promise<void> = async () => undefined;

  constructor(private readonly ctx: Context) {}

  async post(room: string): Promise<string> {
    const others = Room.acting.get(room) ?? new Set();
    Room.acting.set(room, others.add(this.ctx.replica));
    if (others.size > 1) Room.events.push(`${[...others].join(' and ')} act for ${room}`);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    others.delete(this.ctx.replica);
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

/** With it in one process. */
class Lobby {
  constructor(private readonly ctx: Context) {}

  async post(room: string): Promise<string> {
    return this.ctx.get(Room).post(room);
  }

  async slow(room: string): Promise<string> {
    return this.ctx.get(Room).slow(room);
  }

  async shelf(book: string): Promise<string> {
    return this.ctx.get(Shelf).find(book);
  }

  async first(room: string): Promise<string> {
    for await (const item of this.ctx.get(Room).live(room)) return `${item} on ${this.ctx.replica}`;
    return '';
  }

  async all(room: string): Promise<string> {
    const items: string[] = [];
    for await (const item of this.ctx.get(Room).live(room)) items.push(item);
    return items.join();
  }
}
component(Lobby, { name: 'SpecLobby', retry: true });

/** Its keys may have several owners. */
class Shelf {
  constructor(private readonly ctx: Context) {}

  async find(_book: string): Promise<string> {
    return this.ctx.replica;
  }
}
component(Shelf, { name: 'SpecShelf', routing: { find: (book) => book } });

describe('a component whose keys have one owner', () => {
  let envelope: FakeEnvelope;
  let app: Context;
  const running: { proclet: Proclet; done: Promise<void> }[] = [];

  async function start(replica: string, leased: boolean | undefined, main = false): Promise<Proclet> {
    const hosted = main ? [] : ['SpecRoom', 'SpecLobby', 'SpecShelf'];
    const components = hosted.map((name) => ({
      name,
      config: {},
      implementation: undefined,
      owned: name === 'SpecRoom',
    }));
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
        SpecLobby: ['all', 'first', 'post', 'shelf', 'slow'].map((name) => jsonMethod(name)),
        SpecShelf: [jsonMethod('find')],
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

  it('begins a stream once its key has an owner', async () => {
    await start('Room-0', undefined);
    route(NO_OWNER, 1);
    await until(() => settled('Room-0'));
    const stream = app.get(Room).live('ann')[Symbol.asyncIterator]();
    const first = stream.next();
    route(0, 2);
    expect(await first).to.deep.equal({ done: false, value: 'ann' });
    await stream.return?.();
  });

  it('writes into the log which slice it could not take over, and why, and tries again', async () => {
    let isDown = true;
    Room.acquires = async () => {
      if (isDown) throw new Error('no database');
    };
    await start('Room-0', undefined);
    route(0, 7);
    const posted = app.get(Room).post('ann');
    await until(() => envelope.logs.some(({ message }) => message.startsWith('onAcquire failed')));
    isDown = false;
    expect(await posted).to.equal('Room-0');
    const told = envelope.logs.find(({ message }) => message.startsWith('onAcquire failed'));
    expect(told).to.include({ level: 50, component: 'SpecRoom' });
    expect(JSON.stringify(told)).to.contain('"epoch":7').and.to.contain('no database');
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

  describe('called from its own process', () => {
    const lobbyOn = (replica: string) => {
      envelope.route('SpecLobby', [replica]);
      return app.get(Lobby);
    };

    beforeEach(async () => {
      await start('Room-0', undefined);
      await start('Room-1', undefined);
    });

    it('is called there by the owner of the key alone', async () => {
      route(1, 1);
      expect(await lobbyOn('Room-0').post('ann')).to.equal('Room-1');
      expect(await lobbyOn('Room-0').first('ann')).to.equal('ann on Room-0');
      expect(await lobbyOn('Room-1').post('ann')).to.equal('Room-1');
      expect(await lobbyOn('Room-1').first('ann')).to.equal('ann on Room-1');
    });

    it('ends its calls before the key goes to another', async () => {
      route(0, 1);
      const slow = lobbyOn('Room-0').slow('ann');
      const stream = lobbyOn('Room-0')
        .with({ retry: false })
        .all('bob')
        .catch((thrown: unknown) => thrown);
      await until(() => Room.events.includes('slow ann'));
      route(NO_OWNER, 2);
      expect(await stream).to.include({ code: 'STALE_OWNER', executed: 'unknown', method: 'live' });
      await until(() => Room.events.includes('live aborted'));
      expect(settled('Room-0')).to.equal(false);
      Room.gate.resolve();
      expect(await slow).to.equal('Room-0');
      await until(() => settled('Room-0'));
    });

    it('keeps calls with a key at home while nobody knows whose it is, and else where it belongs', async () => {
      expect(await lobbyOn('Room-0').shelf('emma')).to.equal('Room-0');
      envelope.route('SpecShelf', ['Room-0', 'Room-1'], { starts: [0], owners: [1] });
      while ((await lobbyOn('Room-0').shelf('emma')) !== 'Room-1'); // until it has heard
      expect(await lobbyOn('Room-1').shelf('emma')).to.equal('Room-1');
    });
  });

  it('fails no call, and never has two owners, while keys are handed over again and again', async () => {
    await start('Room-0', undefined);
    await start('Room-1', undefined);
    route(0, 1);
    envelope.route('SpecLobby', ['Room-0', 'Room-1']);
    let isOver = false;
    let calls = 0;
    const served = new Set<string>();
    const steady = async (post: (room: string) => Promise<string>, room: string) => {
      for (; !isOver; calls++) served.add(await post(room));
    };
    const rooms = ['ann', 'bob', 'cid', 'dee'];
    const load = rooms.flatMap((room) => [
      steady((each) => app.get(Room).post(each), room),
      steady((each) => app.get(Lobby).post(each), room),
    ]);
    for (let epoch = 2; epoch < 42; epoch += 2) {
      const before = calls;
      const owners = epoch % 4 === 0 ? [1, 0] : [0, 1];
      const move = (to: readonly number[], by: number) =>
        envelope.route('SpecRoom', ['Room-0', 'Room-1'], {
          starts: [0, 2 ** 31],
          owners: to,
          epochs: to.map(() => epoch + by),
        });
      move([NO_OWNER, NO_OWNER], 0);
      await until(() => settled('Room-0') && settled('Room-1'));
      move(owners, 1);
      await until(() => calls > before + 20);
    }
    isOver = true;
    await Promise.all(load);
    expect([...served].sort()).to.deep.equal(['Room-0', 'Room-1']);
    expect(Room.events.filter((event) => event.includes('act for'))).to.deep.equal([]);
  });
});
