import { expect } from 'chai';
import { RemoteCallError } from 'weaverd';
import { startTestApp, type TestApp } from 'weaverd/testing';
import { follow } from './follow.js';
import { type Message, NO_MESSAGES, type RecentMessages, withSaid } from './messages.js';
import { Rooms } from './rooms.js';

const said = (id: string, text = id) => ({ id, user: 'ann', text });

async function take(messages: AsyncIterable<Message>, count: number): Promise<string[]> {
  const texts: string[] = [];
  for await (const { text } of messages) if (texts.push(text) === count) break;
  return texts;
}

describe('chat messages', () => {
  it('are numbered without gaps, and only the latest are kept', () => {
    let recent: RecentMessages = NO_MESSAGES;
    for (let n = 1; n <= 250; n++) recent = withSaid(recent, said(`m${n}`), n);
    expect(recent.last).to.equal(250);
    expect(recent.messages.map(({ number }) => number)).to.deep.equal(
      Array.from({ length: 100 }, (_, index) => 151 + index),
    );
  });

  it('are one when said twice under one id', () => {
    const once = withSaid(NO_MESSAGES, said('a'), 1);
    expect(withSaid(once, said('a'), 2)).to.equal(once);
  });

  it('are refused when they are too long', () => {
    expect(() => withSaid(NO_MESSAGES, said('a', 'x'.repeat(2000)), 1)).to.throw(RangeError, '2000');
  });
});

describe('chat rooms', () => {
  let app: TestApp;
  beforeEach(async () => {
    app = await startTestApp({ components: [Rooms], repeatRetriable: true });
  });
  afterEach(() => app.stop());

  it('tell what was said before and what is said now to all who are there, each room for itself', async () => {
    const rooms = app.get(Rooms);
    expect(await rooms.say('tea', said('one'))).to.equal(1);
    const listeners = [take(rooms.join('tea', 0), 3), take(rooms.join('tea', 1), 2)];
    await rooms.say('coffee', said('elsewhere'));
    expect(await rooms.say('tea', said('two'))).to.equal(2);
    await rooms.say('tea', said('three'));
    expect(await Promise.all(listeners)).to.deep.equal([
      ['one', 'two', 'three'],
      ['two', 'three'],
    ]);
  });

  it('keep the order of what is said at once', async () => {
    const rooms = app.get(Rooms);
    const listening = take(rooms.join('tea', 0), 50);
    const texts = Array.from({ length: 50 }, (_, index) => `m${index}`);
    await Promise.all(texts.map((text) => rooms.say('tea', said(text))));
    expect(await listening).to.deep.equal(texts);
  });

  it('let go of who leaves, while nothing is said', async () => {
    const leaving = new AbortController();
    const listening = take(follow(app.get(Rooms), 'tea', 0, leaving.signal), 1);
    setImmediate(() => leaving.abort());
    expect(await listening).to.deep.equal([]);
  });
});

describe('chat follow', () => {
  it('joins again after the last message, whatever ended the stream', async () => {
    const joined: number[] = [];
    const message = (number: number): Message => ({ ...said(`m${number}`), number, time: 0 });
    const rooms = {
      with: () => rooms,
      async *join(_room: string, after: number) {
        joined.push(after);
        yield message(after + 1);
        yield message(after + 2);
        if (joined.length === 2) return; // the stream just ends
        throw new RemoteCallError('STALE_OWNER', 'the room has moved');
      },
      say: () => Promise.reject(new Error('nobody speaks')),
    };
    expect(await take(follow(rooms, 'tea', 0, new AbortController().signal), 6)).to.deep.equal(
      Array.from({ length: 6 }, (_, index) => `m${index + 1}`),
    );
    expect(joined).to.deep.equal([0, 2, 4]);
  });

  it('fails when the room fails', async () => {
    const rooms = {
      with: () => rooms,
      // biome-ignore lint/correctness/useYield: it fails before it has anything
      async *join(): AsyncIterable<Message> {
        throw new TypeError('a mistake');
      },
      say: () => Promise.reject(new Error('nobody speaks')),
    };
    const failed = await take(follow(rooms, 'tea', 0, new AbortController().signal), 1).catch(
      (reason) => reason,
    );
    expect(failed).to.be.instanceOf(TypeError);
  });
});
