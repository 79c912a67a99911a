import { expect } from 'chai';
import { deferred } from '../call/deferred.js';
import type { ClientConnection, OutgoingCall } from '../transport/transport.js';
import { RemoteStream } from './remote-stream.js';

/** One attempt's items: numbers that arrive, an error that the connection rejects with, or nothing. */
type Script = readonly (number | Error)[];

/** A call whose attempts follow the scripts, one each; after its script an attempt is over. */
class FakeCall {
  readonly asked: { reason: unknown; attempt: number }[] = [];
  begun = 0;
  opened = 0;
  returned = 0;
  connected: Promise<void> = Promise.resolve();

  constructor(private readonly scripts: readonly Script[]) {}

  begin(): void {
    this.begun++;
  }

  async connection(): Promise<ClientConnection> {
    await this.connected;
    return { stream: (outgoing: OutgoingCall) => this.#items(outgoing) } as unknown as ClientConnection;
  }

  attempt(recover: (reason: unknown) => Promise<never>): OutgoingCall {
    return { recover } as unknown as OutgoingCall;
  }

  async recover(reason: unknown, attempt: number): Promise<void> {
    this.asked.push({ reason, attempt });
    if (attempt >= this.scripts.length) throw new Error(`named: ${(reason as Error).message}`);
  }

  #items(outgoing: OutgoingCall): AsyncIterable<unknown> {
    const script = [...(this.scripts[this.opened++] ?? [])];
    const next = async () => {
      const value = script.shift();
      if (value instanceof Error) return outgoing.recover?.(value);
      return value === undefined ? { done: true, value } : { done: false, value };
    };
    const end = async () => {
      this.returned++;
      script.length = 0;
      return { done: true, value: undefined };
    };
    return { [Symbol.asyncIterator]: () => ({ next, return: end }) as AsyncIterator<unknown> };
  }
}

async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  try {
    for await (const item of items) all.push(item);
  } catch (error) {
    all.push((error as Error).message);
  }
  return all;
}

describe('RemoteStream', () => {
  it('is sent at the first next(), and gives what the connection gives', async () => {
    const call = new FakeCall([[1, 2, 3]]);
    const items = new RemoteStream(call);
    expect([call.begun, call.opened]).to.deep.equal([0, 0]);
    expect(await collect(items)).to.deep.equal([1, 2, 3]);
    expect(await collect(items)).to.deep.equal([]);
    expect([call.begun, call.opened]).to.deep.equal([1, 1]);
  });

  it('is sent again when it fails before its first item, until its call says what the reader sees', async () => {
    const lost = new Error('lost');
    expect(await collect(new RemoteStream(new FakeCall([[lost], [lost], [1]])))).to.deep.equal([1]);
    const call = new FakeCall([[lost], [lost]]);
    const items = new RemoteStream(call);
    expect(await collect(items)).to.deep.equal(['named: lost']);
    expect(call.asked.map(({ attempt }) => attempt)).to.deep.equal([1, 2]);
    expect(await collect(items)).to.deep.equal([]);
  });

  it('is not sent again behind its first item', async () => {
    const call = new FakeCall([[1, new Error('lost')], [2]]);
    expect(await collect(new RemoteStream(call))).to.deep.equal([1, 'named: lost']);
    expect(call.asked.map(({ attempt }) => attempt)).to.deep.equal([Number.POSITIVE_INFINITY]);
    expect(call.opened).to.equal(1);
  });

  it('answers concurrent next() in order, also those before the first item', async () => {
    const items = new RemoteStream(new FakeCall([[1, 2, 3]]));
    const results = await Promise.all([1, 2, 3, 4, 5].map(() => items.next()));
    expect(results.map(({ value }) => value)).to.deep.equal([1, 2, 3, undefined, undefined]);
  });

  it('is never sent when it is left while it waits for a connection', async () => {
    const call = new FakeCall([[1]]);
    const connected = deferred<void>();
    call.connected = connected.promise;
    const items = new RemoteStream(call);
    const first = items.next();
    expect((await items.return()).done).to.equal(true);
    connected.resolve();
    expect([(await first).done, call.opened, (await items.next()).done]).to.deep.equal([true, 0, true]);
  });

  it('ends the connection’s stream when the loop is left', async () => {
    const call = new FakeCall([[1, 2, 3]]);
    for await (const item of new RemoteStream(call)) if (item === 2) break;
    expect(call.returned).to.equal(1);
  });
});
