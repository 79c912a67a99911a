import { expect } from 'chai';
import { FrameKind, frameOf, NO_CALL } from './frame.js';
import { ADDRESS_KINDS, failureOf, outgoing, Rig, type TestServer, textBody, until } from './spec-support.js';
import type { ClientConnection, IncomingCall } from './transport.js';

const ECHO = 0;
const HOLD = 1;

for (const kind of ADDRESS_KINDS) {
  describe(`Cancellation over ${kind}`, () => {
    let rig: Rig;
    let server: TestServer;
    let connection: ClientConnection;
    let received: string[];
    let held: IncomingCall[];

    beforeEach(async () => {
      rig = new Rig();
      received = [];
      held = [];
      server = await rig.serve(kind, [
        (call, text) => {
          received.push(text);
          call.succeed((writer) => writer.writeString(text));
        },
        (call, text) => {
          received.push(text);
          held.push(call);
        },
      ]);
      connection = await rig.connect(server.address);
    });
    afterEach(() => rig.end());

    it('sends nothing when the signal was aborted before', async () => {
      const failure = await failureOf(
        connection.call(outgoing(ECHO, 'a', { signal: AbortSignal.abort('why') })),
      );
      expect(failure).to.include({ code: 'CANCELLED', executed: 'no', cause: 'why' });
      await connection.call(outgoing(ECHO, 'b'));
      expect(received).to.deep.equal(['b']);
    });

    it('withdraws a call that has not left, and says that it was not executed', async () => {
      const controller = new AbortController();
      const failure = failureOf(connection.call(outgoing(ECHO, 'withdrawn', { signal: controller.signal })));
      const beside = connection.call(outgoing(ECHO, 'beside'));
      controller.abort();
      expect(await failure).to.include({ code: 'CANCELLED', executed: 'no' });
      expect(await beside).to.equal('beside');
      expect(received).to.deep.equal(['beside']);
    });

    it('rejects at once when the call runs, and aborts the callee’s signal', async () => {
      const controller = new AbortController();
      const failure = failureOf(connection.call(outgoing(HOLD, '', { signal: controller.signal })));
      await until(() => held.length === 1);
      const [running] = held;
      expect(running?.signal.aborted).to.equal(false);
      controller.abort();
      expect(connection.outstanding).to.equal(0);
      expect(await failure).to.include({ code: 'CANCELLED', executed: 'unknown' });
      await until(() => running?.signal.aborted === true);
      expect(running?.signal.reason).to.have.property('code', 'CANCELLED');
      running?.succeed((writer) => writer.writeString('nobody listens'));
      expect(await connection.call(outgoing(ECHO, 'next'))).to.equal('next');
    });

    it('gives a signal that is asked for afterwards as aborted', async () => {
      const controller = new AbortController();
      const failure = failureOf(connection.call(outgoing(HOLD, '', { signal: controller.signal })));
      await until(() => held.length === 1);
      controller.abort();
      await failure;
      await connection.call(outgoing(ECHO));
      expect(held[0]?.signal.aborted).to.equal(true);
    });

    it('changes nothing after the answer', async () => {
      const controller = new AbortController();
      expect(await connection.call(outgoing(ECHO, 'done', { signal: controller.signal }))).to.equal('done');
      controller.abort();
      expect(await connection.call(outgoing(ECHO, 'next'))).to.equal('next');
    });

    it('lets no late answer reach another call', async () => {
      const rounds = 200;
      for (let i = 0; i < rounds; i++) {
        const controller = new AbortController();
        const cancelled = failureOf(connection.call(outgoing(HOLD, '', { signal: controller.signal })));
        await until(() => held.length === i + 1);
        controller.abort();
        const next = connection.call(outgoing(ECHO, `echo ${i}`));
        held[i]?.succeed((writer) => writer.writeString('late'));
        expect(await next).to.equal(`echo ${i}`);
        await cancelled;
      }
    });

    it('keeps the slot of a cancelled call until the callee has let go of it', async () => {
      const { connection: other, peer } = await rig.connectToRaw(kind, { limits: { maxCallsInFlight: 1 } });
      const controller = new AbortController();
      const cancelled = failureOf(other.call(outgoing(ECHO, '', { signal: controller.signal })));
      const { callId } = await peer.frame(FrameKind.CALL);
      controller.abort();
      await cancelled;
      expect((await peer.frame(FrameKind.CANCEL)).callId).to.equal(callId);
      expect(other.outstanding).to.equal(0);
      expect(await failureOf(other.call(outgoing(ECHO)))).to.have.property('code', 'RESOURCE_EXHAUSTED');
      peer.frames.length = 0;
      peer.write(
        frameOf(FrameKind.RESULT, textBody('late'), callId),
        frameOf(FrameKind.PING, Buffer.alloc(0), NO_CALL),
      );
      await peer.frame(FrameKind.PONG);
      const next = other.call(outgoing(ECHO));
      const second = await peer.frame(FrameKind.CALL);
      expect(second.callId).not.to.equal(callId);
      peer.write(frameOf(FrameKind.RESULT, textBody('late'), callId));
      peer.write(frameOf(FrameKind.RESULT, textBody('its own'), second.callId));
      expect(await next).to.equal('its own');
    });

    it('cancels all calls of one signal', async () => {
      const controller = new AbortController();
      const calls = Array.from({ length: 50 }, () =>
        failureOf(connection.call(outgoing(HOLD, '', { signal: controller.signal }))),
      );
      await until(() => held.length === 50);
      const signals = held.map(({ signal }) => signal);
      controller.abort();
      expect((await Promise.all(calls)).map(({ code }) => code)).to.deep.equal(Array(50).fill('CANCELLED'));
      await until(() => signals.every(({ aborted }) => aborted));
    });

    it('aborts the callee’s signals when the connection is lost', async () => {
      const lost = failureOf(connection.call(outgoing(HOLD)));
      await until(() => held.length === 1);
      const signal = held[0]?.signal;
      connection.close();
      expect(await lost).to.include({ code: 'UNKNOWN_OUTCOME', executed: 'unknown' });
      await until(() => signal?.aborted === true);
      held[0]?.throw((writer) => writer.writeString('nobody listens'));
    });
  });
}
