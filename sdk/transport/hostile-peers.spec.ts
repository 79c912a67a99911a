import { expect } from 'chai';
import fc from 'fast-check';
import type { RemoteCallError } from '../errors/remote-call-error.js';
import { FrameKind, frameOf } from './frame.js';
import {
  ADDRESS_KINDS,
  callFrame,
  helloFrame,
  outgoing,
  Rig,
  type TestServer,
  until,
} from './spec-support.js';
import type { ClientConnection } from './transport.js';

const ECHO = 0;
const LARGE = 1;
const LARGE_BYTES = 10_000;
const NOTHING = Buffer.alloc(0);

for (const kind of ADDRESS_KINDS) {
  describe(`Hostile peers over ${kind}`, () => {
    let rig: Rig;
    let server: TestServer;
    let bystander: ClientConnection;
    let errors: RemoteCallError[];
    let received: number;

    beforeEach(async () => {
      rig = new Rig();
      errors = [];
      received = 0;
      server = await rig.serve(
        kind,
        [
          (call, text) => call.succeed((writer) => writer.writeString(text)),
          (call) => {
            received++;
            call.succeed((writer) => writer.writeString('x'.repeat(LARGE_BYTES)));
          },
        ],
        { limits: { maxQueuedBytes: 100_000 }, onProtocolError: (error) => errors.push(error) },
      );
      bystander = await rig.connect(server.address);
    });
    afterEach(async () => {
      expect(await bystander.call(outgoing(ECHO, 'unharmed'))).to.equal('unharmed');
      await rig.end();
    });

    it('garbage before the handshake ends that connection, named and counted', async () => {
      const peer = await rig.raw(server.address);
      peer.write(Buffer.from('GET / HTTP/1.1\r\nhost: here\r\n\r\n'));
      await peer.ended;
      expect(errors.map(({ code }) => code)).to.deep.equal(['PROTOCOL_ERROR']);
      expect(server.counters.protocolErrors).to.equal(1);
      expect([...server.counters.handshakesRefused]).to.deep.equal([['protocol', 1]]);
    });

    it('a hello that is none, or too long, is refused', async () => {
      for (const frame of [
        frameOf(FrameKind.HELLO, Buffer.from('{}')),
        frameOf(FrameKind.HELLO, Buffer.alloc(4097)),
        frameOf(FrameKind.CALL, NOTHING, 1),
        frameOf(FrameKind.PING, NOTHING),
      ]) {
        const peer = await rig.raw(server.address);
        peer.write(frame);
        await peer.ended;
        expect(peer.frames).to.deep.equal([]);
      }
      expect(server.counters.protocolErrors).to.equal(4);
    });

    it('random and mutated bytes harm nobody', async () => {
      const valid = Buffer.concat([
        helloFrame(),
        callFrame(1, outgoing(ECHO, 'call', { timeoutMs: 100, metadata: new Map([['a', 'b']]) })),
        frameOf(FrameKind.CANCEL, NOTHING, 1),
        callFrame(2, outgoing(ECHO, 'call'), { items: 3, bytes: 3 }),
      ]);
      const handshakeBytes = helloFrame().length;
      const mutate = (from: number) =>
        fc
          .array(fc.tuple(fc.integer({ min: from, max: valid.length - 1 }), fc.nat(255)), {
            minLength: 1,
            maxLength: 5,
          })
          .map((changes) => {
            const bytes = Buffer.from(valid);
            for (const [at, value] of changes) bytes[at] = value;
            return bytes;
          });
      const random = fc.uint8Array({ minLength: 1, maxLength: 300 });
      await fc.assert(
        fc.asyncProperty(fc.oneof(random, mutate(0), mutate(handshakeBytes)), async (bytes) => {
          const peer = await rig.raw(server.address);
          peer.socket.end(bytes);
          await peer.ended;
        }),
        { numRuns: 100 },
      );
      await until(() => server.counters.connectionsOpen === 1);
    });

    const badFrames: readonly (readonly [string, Buffer])[] = [
      ['an impossible length', Buffer.from([0xff, 0xff, 0xff, 0x7f, 4, 0, 0, 0, 0])],
      ['a length below the header', Buffer.from([1, 0, 0, 0, 4])],
      ['an unknown kind', frameOf(200 as FrameKind, NOTHING, 1)],
      ['a callee’s kind', frameOf(FrameKind.RESULT, NOTHING, 1)],
      ['a second hello', helloFrame()],
      ['a call that is cut off', frameOf(FrameKind.CALL, Buffer.from([0]), 1)],
      ['a call without an id', callFrame(0, outgoing(ECHO))],
      ['credit that is cut off', frameOf(FrameKind.CREDIT, Buffer.from([1, 2, 3]), 1)],
      ['an answer to no GOAWAY', frameOf(FrameKind.GOAWAY, NOTHING)],
    ];
    for (const [what, frame] of badFrames) {
      it(`${what} ends that connection, named and counted`, async () => {
        const peer = await rig.raw(server.address);
        peer.hello();
        await peer.frame(FrameKind.WELCOME);
        peer.write(frame);
        await peer.ended;
        expect(errors.map(({ code }) => code)).to.deep.equal(['PROTOCOL_ERROR']);
        expect(server.counters).to.include({ protocolErrors: 1, connectionsOpen: 1, connectionsAccepted: 2 });
      });
    }

    it('a call id that is in use ends the connection', async () => {
      const hanging = await rig.serve(kind, [() => {}]);
      const peer = await rig.raw(hanging.address);
      peer.hello();
      peer.write(callFrame(5, outgoing(0)), callFrame(5, outgoing(0)));
      await peer.ended;
      expect(hanging.counters.protocolErrors).to.equal(1);
    });

    it('cancels and credit for calls that are not there are ignored', async () => {
      const peer = await rig.raw(server.address);
      peer.hello();
      for (let id = 0; id < 1_000; id++) {
        peer.write(frameOf(FrameKind.CANCEL, NOTHING, id), frameOf(FrameKind.CREDIT, Buffer.alloc(8), id));
      }
      peer.write(callFrame(7, outgoing(ECHO, 'after')));
      await peer.frame(FrameKind.RESULT);
      expect(peer.frames.map((frame) => frame.kind)).to.deep.equal([FrameKind.WELCOME, FrameKind.RESULT]);
    });

    it('a flood of pings is answered with few pongs', async () => {
      const peer = await rig.raw(server.address);
      peer.hello();
      const pings = 5_000;
      peer.write(...Array.from({ length: pings }, () => frameOf(FrameKind.PING, NOTHING)));
      peer.write(callFrame(7, outgoing(ECHO, 'after')));
      await peer.frame(FrameKind.RESULT);
      const pongs = peer.frames.filter((frame) => frame.kind === FrameKind.PONG).length;
      expect(pongs).to.be.within(1, pings / 100);
    });

    it('a peer that grants a stream credit without end, and does not read, stops its iterator', async () => {
      let pulled = 0;
      let ended = false;
      async function* endless() {
        try {
          for (;;) {
            pulled++;
            yield 'x'.repeat(LARGE_BYTES);
          }
        } finally {
          ended = true;
        }
      }
      const streaming = await rig.serve(
        kind,
        [
          (call) =>
            call.stream(
              endless(),
              (writer, item) => writer.writeString(String(item)),
              () => {},
            ),
          (call) => call.succeed((writer) => writer.writeString('')),
        ],
        { limits: { maxQueuedBytes: 100_000 } },
      );
      const other = await rig.connect(streaming.address);
      const peer = await rig.raw(streaming.address);
      peer.hello();
      await peer.frame(FrameKind.WELCOME);
      peer.socket.pause();
      peer.write(callFrame(1, outgoing(0), { items: 2 ** 31, bytes: 2 ** 31 }));
      const settled = async () => {
        for (let before = -1; pulled !== before; ) {
          before = pulled;
          for (let i = 0; i < 20; i++) await other.call(outgoing(1));
        }
        return pulled;
      };
      const first = await settled();
      expect(first).to.be.within(1, 5_000);
      peer.socket.resume();
      await until(() => pulled > first + 100);
      peer.socket.destroy();
      await until(() => ended);
    });

    it('a peer that calls and does not read is not read from either, until it does', async () => {
      const peer = await rig.raw(server.address);
      peer.hello();
      await peer.frame(FrameKind.WELCOME);
      peer.socket.pause();
      const calls = 3_000;
      const filler = 'y'.repeat(2_000);
      for (let id = 1; id <= calls; id++) peer.write(callFrame(id, outgoing(LARGE, filler)));
      let before = -1;
      while (received !== before) {
        before = received;
        for (let i = 0; i < 20; i++) await bystander.call(outgoing(ECHO, 'meanwhile'));
      }
      expect(received, 'results are far more than what may be queued').to.be.below(calls);
      peer.socket.resume();
      const isAnswer = (frame: { readonly kind: number }) =>
        frame.kind === FrameKind.RESULT || frame.kind === FrameKind.FAILURE;
      await until(() => peer.frames.filter(isAnswer).length === calls);
      expect(new Set(peer.frames.filter(isAnswer).map(({ callId }) => callId)).size).to.equal(calls);
    });
  });
}
