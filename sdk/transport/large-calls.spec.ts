import { expect } from 'chai';
import type { RemoteCallError } from '../errors/remote-call-error.js';
import { CHUNK_BYTES, FrameKind, frameOf } from './frame.js';
import {
  ADDRESS_KINDS,
  callFrame,
  failureOf,
  outgoing,
  Rig,
  type TestServer,
  until,
} from './spec-support.js';
import type { ClientConnection } from './transport.js';

const ECHO = 0;
const LARGE_ITEMS = 1;
const LARGE_RESULT = 2;
const LARGE = 'x'.repeat(2_000_000);
const NOTHING = Buffer.alloc(0);

for (const kind of ADDRESS_KINDS) {
  describe(`Large calls over ${kind}`, () => {
    let rig: Rig;
    let server: TestServer;
    let connection: ClientConnection;
    let executed: number;
    let errors: RemoteCallError[];

    async function* items() {
      for (const size of [10, 300_000, 0, 70_000, 5, 200_000]) yield 'i'.repeat(size);
    }

    beforeEach(async () => {
      rig = new Rig();
      executed = 0;
      errors = [];
      server = await rig.serve(
        kind,
        [
          (call, text) => {
            executed++;
            call.succeed((writer) => writer.writeString(text));
          },
          (call) =>
            call.stream(
              items(),
              (writer, item) => writer.writeString(String(item)),
              () => {},
            ),
          (call) => call.succeed((writer, value: string) => writer.writeString(value), LARGE),
        ],
        { onProtocolError: (error) => errors.push(error) },
      );
      connection = await rig.connect(server.address);
    });
    afterEach(() => rig.end());

    it('come back as they were sent, many at once, with small ones among them', async () => {
      const texts = Array.from({ length: 24 }, (_, i) =>
        String.fromCharCode(97 + i).repeat(i % 3 === 0 ? 20 : i * 40_000),
      );
      const order: number[] = [];
      const answers = await Promise.all(
        texts.map(async (text, i) => {
          const answer = await connection.call(outgoing(ECHO, text));
          order.push(i);
          return answer;
        }),
      );
      expect(answers.every((answer, i) => answer === texts[i])).to.equal(true);
      const isSmall = (i: number) => i % 3 === 0 || i === 1;
      const small = order.slice(0, 9).every(isSmall);
      expect(small, 'the small ones come first').to.equal(true);
    });

    it('bring the items of a stream in order, large and small', async () => {
      const lengths: number[] = [];
      for await (const item of connection.stream(outgoing(LARGE_ITEMS))) lengths.push(String(item).length);
      expect(lengths).to.deep.equal([10, 300_000, 0, 70_000, 5, 200_000]);
    });

    it('were not executed when they are cancelled or late before their last chunk', async () => {
      const controller = new AbortController();
      const { connection: stuck, peer } = await rig.connectToRaw(kind);
      const cancelled = failureOf(stuck.call(outgoing(ECHO, LARGE, { signal: controller.signal })));
      const late = failureOf(stuck.call(outgoing(ECHO, LARGE, { timeoutMs: 30 })));
      await peer.frame(FrameKind.FIRST_CHUNK);
      controller.abort();
      expect(await cancelled).to.include({ code: 'CANCELLED', executed: 'no' });
      expect(await late).to.include({ code: 'DEADLINE_EXCEEDED', executed: 'no' });
      await peer.frame(FrameKind.CANCEL);
      expect(stuck.outstanding).to.equal(0);
    });

    it('are forgotten by the callee when they are cancelled in their midst', async () => {
      const controller = new AbortController();
      const failure = failureOf(connection.call(outgoing(ECHO, LARGE, { signal: controller.signal })));
      await new Promise((resolve) => setImmediate(resolve));
      controller.abort();
      expect((await failure).code).to.equal('CANCELLED');
      if ((await failure).executed === 'no') expect(executed).to.equal(0);
      for (let i = 0; i < 20; i++) expect(await connection.call(outgoing(ECHO, LARGE))).to.equal(LARGE);
      expect(errors).to.deep.equal([]);
    });

    it('cost the callee no more than a window when their caller cancels an answer that it does not take', async () => {
      const peer = await rig.raw(server.address);
      peer.hello();
      peer.write(callFrame(1, outgoing(LARGE_RESULT)));
      await peer.frame(FrameKind.CHUNK);
      peer.write(frameOf(FrameKind.CANCEL, NOTHING, 1));
      await peer.frame(FrameKind.FAILURE);
      peer.write(callFrame(1 + 2 ** 16, outgoing(ECHO, 'next')));
      await peer.frame(FrameKind.RESULT);
      expect(peer.frames.map((frame) => frame.kind)).to.deep.equal([
        FrameKind.WELCOME,
        FrameKind.FIRST_CHUNK,
        FrameKind.CHUNK,
        FrameKind.FAILURE,
        FrameKind.RESULT,
      ]);
    });

    it('are finished before the callee that drains ends the connection', async () => {
      const answers = Array.from({ length: 5 }, () => connection.call(outgoing(ECHO, LARGE)));
      await server.drain(10_000);
      for (const answer of answers) expect(await answer).to.equal(LARGE);
    });

    it('are finished before a caller that drains ends the connection', async () => {
      const answers = Array.from({ length: 5 }, () => connection.call(outgoing(ECHO, LARGE)));
      await connection.drain(10_000);
      for (const answer of answers) expect(await answer).to.equal(LARGE);
      await until(() => server.counters.connectionsOpen === 0);
    });

    const claim = (bytes: number): Buffer => {
      const body = Buffer.alloc(100, FrameKind.CALL);
      body.writeUInt32LE(bytes, 1);
      return body;
    };
    const hostile: readonly (readonly [string, Buffer])[] = [
      ['a chunk of nothing', frameOf(FrameKind.CHUNK, Buffer.alloc(10), 1)],
      ['a message beyond the limit', frameOf(FrameKind.FIRST_CHUNK, claim(2 ** 31), 1)],
      ['a message that needs no chunks', frameOf(FrameKind.FIRST_CHUNK, claim(CHUNK_BYTES), 1)],
      ['credit for chunks that were not sent', frameOf(FrameKind.CHUNK_CREDIT, Buffer.from([1, 0, 0, 0]))],
      ['credit for chunks that is cut off', frameOf(FrameKind.CHUNK_CREDIT, Buffer.from([0]))],
      [
        'more messages than may be begun',
        Buffer.concat(
          Array.from({ length: 9 }, (_, i) => frameOf(FrameKind.FIRST_CHUNK, claim(100_000), i + 1)),
        ),
      ],
    ];
    for (const [what, bytes] of hostile) {
      it(`${what} ends that connection, named and counted`, async () => {
        const peer = await rig.raw(server.address);
        peer.hello();
        await peer.frame(FrameKind.WELCOME);
        peer.write(bytes);
        await peer.ended;
        expect(errors.map(({ code }) => code)).to.deep.equal(['PROTOCOL_ERROR']);
        expect(await connection.call(outgoing(ECHO, 'unharmed'))).to.equal('unharmed');
      });
    }
  });
}
