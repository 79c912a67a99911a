import { expect } from 'chai';
import { MalformedInput, TypeViolation } from '../codec/violations.js';
import { FrameKind, frameOf } from './frame.js';
import {
  ADDRESS_KINDS,
  callFrame,
  failureOf,
  outgoing,
  Rig,
  type TestServer,
  Thrown,
  textBody,
  until,
} from './spec-support.js';
import type { ClientConnection, IncomingCall } from './transport.js';

const COUNT = 0;
const ECHO = 1;
const ENDLESS = 2;
const FAIL = 3;
const LARGE = 4;
const SILENT = 5;

const WINDOW = { streamWindowItems: 10, streamWindowBytes: 2_000 };

async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of items) all.push(item);
  return all;
}

for (const kind of ADDRESS_KINDS) {
  describe(`Streams over ${kind}`, () => {
    let rig: Rig;
    let server: TestServer;
    let connection: ClientConnection;
    /** Of all streams: items that were pulled from the app, and iterators that were ended early. */
    let pulled: number;
    let returned: number;
    let over: number;
    let calls: IncomingCall[];

    async function* generate(text: string, count = Number.POSITIVE_INFINITY): AsyncGenerator<string> {
      let finished = false;
      try {
        for (let i = 0; i < count; i++) {
          pulled++;
          yield `${text}${i}`;
          if (i % 7 === 3) await new Promise((resolve) => setImmediate(resolve));
        }
        finished = true;
      } finally {
        if (!finished) returned++;
      }
    }

    function stream(call: IncomingCall, items: AsyncIterable<unknown>): void {
      calls.push(call);
      const sent = call.stream(
        items,
        (writer, item) => writer.writeString(String(item)),
        (writer, thrown) => writer.writeString(String(thrown)),
      );
      void sent.then(() => over++);
    }

    beforeEach(async () => {
      rig = new Rig();
      pulled = 0;
      returned = 0;
      over = 0;
      calls = [];
      server = await rig.serve(kind, [
        (call, text) => stream(call, generate('', Number(text))),
        (call, text) => call.succeed((writer) => writer.writeString(text)),
        (call, text) => stream(call, generate(text)),
        (call, text) =>
          stream(
            call,
            (async function* () {
              yield* generate('', Number(text));
              throw 'sold out';
            })(),
          ),
        (call, text) => stream(call, generate('x'.repeat(Number(text)))),
        (call) =>
          stream(
            call,
            (async function* () {
              try {
                yield 'first';
                await new Promise((resolve) => call.signal.addEventListener('abort', resolve));
              } finally {
                returned++;
              }
            })(),
          ),
      ]);
      connection = await rig.connect(server.address, { limits: WINDOW });
    });
    afterEach(() => rig.end());

    it('brings all items in order, many windows of them', async () => {
      const items = await collect(connection.stream(outgoing(COUNT, '500')));
      expect(items).to.deep.equal(Array.from({ length: 500 }, (_, i) => `${i}`));
      expect(await collect(connection.stream(outgoing(COUNT, '0')))).to.deep.equal([]);
      await until(() => over === 2);
      expect([connection.outstanding, returned]).to.deep.equal([0, 0]);
    });

    it('is sent at the first next(), and can be walked once', async () => {
      const items = connection.stream(outgoing(COUNT, '3'));
      await connection.call(outgoing(ECHO));
      expect([calls.length, connection.outstanding]).to.deep.equal([0, 0]);
      expect(await collect(items)).to.have.length(3);
      expect(await collect(items)).to.deep.equal([]);
      expect(calls).to.have.length(1);
    });

    it('pulls no more than the window ahead of a slow reader', async () => {
      const iterator = connection.stream(outgoing(ENDLESS))[Symbol.asyncIterator]();
      for (let consumed = 1; consumed <= 40; consumed++) {
        await iterator.next();
        for (let i = 0; i < 3; i++) await connection.call(outgoing(ECHO));
        expect(pulled).to.be.at.most(consumed + WINDOW.streamWindowItems);
      }
      await iterator.return?.();
    });

    it('pulls no more than the window’s bytes ahead, and lets larger items pass', async () => {
      const iterator = connection.stream(outgoing(LARGE, '1500'))[Symbol.asyncIterator]();
      for (let consumed = 1; consumed <= 10; consumed++) {
        const { value } = await iterator.next();
        expect(value).to.equal(`${'x'.repeat(1500)}${consumed - 1}`);
        for (let i = 0; i < 3; i++) await connection.call(outgoing(ECHO));
        expect(pulled).to.be.at.most(consumed + 2);
      }
      await iterator.return?.();
      const large = connection.stream(outgoing(LARGE, '50000'))[Symbol.asyncIterator]();
      for (let i = 0; i < 5; i++) expect((await large.next()).done).to.equal(false);
      await large.return?.();
    });

    it('ends the callee’s iterator when the caller leaves the loop', async () => {
      for await (const item of connection.stream(outgoing(ENDLESS))) if (item === '25') break;
      expect(connection.outstanding).to.equal(0);
      await until(() => returned === 1 && over === 1);
      expect(await connection.call(outgoing(ECHO, 'next'))).to.equal('next');
    });

    it('ends it also while the next item is being made', async () => {
      const iterator = connection.stream(outgoing(SILENT))[Symbol.asyncIterator]();
      await iterator.next();
      const pending = iterator.next();
      await connection.call(outgoing(ECHO));
      await iterator.return?.();
      expect(await pending).to.deep.equal({ done: true, value: undefined });
      await until(() => returned === 1 && over === 1);
    });

    it('rejects at once when it is cancelled, and ends the callee’s iterator', async () => {
      const controller = new AbortController();
      const items = connection.stream(outgoing(ENDLESS, '', { signal: controller.signal }));
      const iterator = items[Symbol.asyncIterator]();
      await iterator.next();
      await connection.call(outgoing(ECHO));
      controller.abort('enough');
      const failure = await failureOf(iterator.next());
      expect(failure).to.include({ code: 'CANCELLED', cause: 'enough' });
      expect((await iterator.next()).done).to.equal(true);
      await until(() => returned === 1 && over === 1);
    });

    it('ends at its deadline on both sides', async () => {
      const iterator = connection.stream(outgoing(SILENT, '', { timeoutMs: 200 }))[Symbol.asyncIterator]();
      await iterator.next();
      expect(await failureOf(iterator.next())).to.have.property('code', 'DEADLINE_EXCEEDED');
      await until(() => returned === 1 && over === 1);
    });

    it('brings an error after the items before it', async () => {
      const items: unknown[] = [];
      const walk = async () => {
        for await (const item of connection.stream(outgoing(FAIL, '25'))) items.push(item);
      };
      const thrown = await walk().catch((error: unknown) => error);
      expect(thrown).to.be.instanceOf(Thrown).with.property('message', 'sold out');
      expect(items).to.have.length(25);
      await until(() => over === 1);
    });

    it('names an item that cannot be sent, after the items before it, and ends the iterator', async () => {
      for (const [name, bad, code] of [
        ['violating', new TypeViolation('', 'string', 'number'), 'INVALID_RESULT'],
        ['too large', undefined, 'MESSAGE_TOO_LARGE'],
      ] as const) {
        returned = 0;
        const strict = await rig.serve(kind, [
          (call) =>
            call.stream(
              generate(name),
              (writer, item) => {
                if (item === `${name}2` && bad !== undefined) throw bad;
                writer.writeString(item === `${name}2` ? 'x'.repeat(10_000) : String(item));
              },
              () => {},
            ),
        ]);
        const limits = { maxFrameBytes: 5_000 };
        const iterator = (await rig.connect(strict.address, { limits }))
          .stream(outgoing(0))
          [Symbol.asyncIterator]();
        expect([(await iterator.next()).value, (await iterator.next()).value]).to.deep.equal([
          `${name}0`,
          `${name}1`,
        ]);
        expect(await failureOf(iterator.next())).to.include({ code, executed: 'yes' });
        await until(() => returned === 1);
      }
    });

    it('fails at a malformed item, after the items before it, and cancels the rest', async () => {
      const picky = {
        ...outgoing(ENDLESS),
        decodeResult: (reader: { readString(): string }) => {
          const item = reader.readString();
          if (item === '2') throw new MalformedInput('no such branch');
          return item;
        },
      };
      const iterator = connection.stream(picky)[Symbol.asyncIterator]();
      expect([(await iterator.next()).value, (await iterator.next()).value]).to.deep.equal(['0', '1']);
      expect(await failureOf(iterator.next())).to.include({ code: 'PROTOCOL_ERROR', executed: 'yes' });
      await until(() => returned === 1 && over === 1);
      expect(connection.state).to.equal('open');
    });

    it('answers concurrent next() in order', async () => {
      const iterator = connection.stream(outgoing(COUNT, '3'))[Symbol.asyncIterator]();
      const results = await Promise.all([1, 2, 3, 4, 5].map(() => iterator.next()));
      expect(results.map(({ value }) => value)).to.deep.equal(['0', '1', '2', undefined, undefined]);
    });

    it('interleaves with other streams and calls; a slow one holds up no other', async () => {
      const slow = connection.stream(outgoing(ENDLESS))[Symbol.asyncIterator]();
      await slow.next();
      const streams = Array.from({ length: 10 }, (_, i) =>
        collect(connection.stream(outgoing(COUNT, `${i * 20}`))),
      );
      const answers = Array.from({ length: 50 }, (_, i) => connection.call(outgoing(ECHO, `${i}`)));
      expect((await Promise.all(streams)).map((items) => items.length)).to.deep.equal(
        Array.from({ length: 10 }, (_, i) => i * 20),
      );
      expect(await Promise.all(answers)).to.deep.equal(Array.from({ length: 50 }, (_, i) => `${i}`));
      expect((await slow.next()).value).to.equal('1');
      await slow.return?.();
    });

    it('refuses a stream that cannot be sent, and ends one whose connection is lost', async () => {
      const iterator = connection.stream(outgoing(SILENT))[Symbol.asyncIterator]();
      await iterator.next();
      const lost = failureOf(iterator.next());
      connection.close();
      expect(await lost).to.have.property('code', 'UNKNOWN_OUTCOME');
      await until(() => returned === 1 && over === 1);
      const refused = connection.stream(outgoing(COUNT, '1'))[Symbol.asyncIterator]();
      expect(await failureOf(refused.next())).to.include({ code: 'UNAVAILABLE', executed: 'no' });
      expect((await refused.next()).done).to.equal(true);
    });

    it('fails a stream that is answered with a result, and a call that is answered as a stream', async () => {
      const asStream = connection.stream(outgoing(ECHO))[Symbol.asyncIterator]();
      expect(await failureOf(asStream.next())).to.have.property('code', 'PROTOCOL_ERROR');
      expect(await failureOf(connection.call(outgoing(COUNT, '1')))).to.have.property('code', 'INTERNAL');
      expect(pulled).to.equal(0);
    });

    it('closes the connection to a callee that sends more than it may', async () => {
      const { connection: other, peer } = await rig.connectToRaw(kind, { limits: WINDOW });
      const iterator = other.stream(outgoing(COUNT))[Symbol.asyncIterator]();
      const first = iterator.next();
      const { callId } = await peer.frame(FrameKind.OPEN_STREAM);
      const item = frameOf(FrameKind.ITEM, textBody('item'), callId);
      peer.write(...Array.from({ length: 12 }, () => item));
      expect((await first).value).to.equal('item');
      await until(() => other.state === 'closed');
      const rest: unknown[] = [];
      const failure = await failureOf(
        (async () => {
          for await (const each of { [Symbol.asyncIterator]: () => iterator }) rest.push(each);
        })(),
      );
      expect(failure.message).to.contain('more of a stream than it may');
      expect(rest, 'what it might send is still given').to.have.length(9);
    });

    it('waits for credit before the first item, and closes on impossible credit', async () => {
      const peer = await rig.raw(server.address);
      peer.hello();
      peer.write(callFrame(9, outgoing(COUNT, '5'), { items: 0, bytes: 0 }));
      const bystander = await rig.connect(server.address);
      await bystander.call(outgoing(ECHO));
      expect(pulled).to.equal(0);
      const credit = Buffer.alloc(8);
      credit.writeUInt32LE(2, 0);
      credit.writeUInt32LE(1_000, 4);
      peer.write(frameOf(FrameKind.CREDIT, credit, 9));
      await until(() => peer.frames.filter((frame) => frame.kind === FrameKind.ITEM).length === 2);
      expect(pulled).to.equal(2);
      peer.write(frameOf(FrameKind.CREDIT, Buffer.alloc(8, 0xff), 9));
      await peer.ended;
      expect(server.counters.protocolErrors).to.equal(1);
      await until(() => returned === 1 && over === 1);
    });
  });
}
