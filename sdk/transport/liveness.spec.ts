import { expect } from 'chai';
import { FrameKind, frameOf } from './frame.js';
import { ADDRESS_KINDS, callFrame, failureOf, outgoing, Rig, textBody, until } from './spec-support.js';
import type { IncomingCall } from './transport.js';

const limits = { heartbeatIntervalMs: 20, heartbeatTimeoutMs: 100 };
const echo = (call: IncomingCall, text: string) => call.succeed((writer) => writer.writeString(text));

for (const kind of ADDRESS_KINDS) {
  describe(`Liveness over ${kind}`, () => {
    let rig: Rig;
    beforeEach(() => {
      rig = new Rig();
    });
    afterEach(() => rig.end());

    it('a callee that falls silent is lost: its calls fail', async () => {
      const { connection, peer } = await rig.connectToRaw(kind, { limits });
      const reasons: (Error | undefined)[] = [];
      connection.onStateChange((_state, reason) => reasons.push(reason));
      const failure = await failureOf(connection.call(outgoing(0)));
      expect(failure).to.include({ code: 'UNKNOWN_OUTCOME', executed: 'unknown' });
      expect(reasons[0]?.message).to.contain('silent for');
      expect(peer.frames.some((frame) => frame.kind === FrameKind.PING)).to.equal(true);
      await peer.ended;
    });

    it('calls that may move leave a callee that is silent; the others wait, and are answered when it is heard again', async () => {
      const { connection, peer } = await rig.connectToRaw(kind, {
        limits: { heartbeatIntervalMs: 5000, heartbeatTimeoutMs: 10_000, silentAfterMs: 30 },
      });
      let asked = 0;
      const mayMove = () => ++asked > 2; // not at once: its budget may be used up
      const moving = connection.call({ ...outgoing(0), mayMove });
      const staying = connection.call(outgoing(0));
      const calls = () => peer.frames.filter((frame) => frame.kind === FrameKind.CALL);
      expect(await failureOf(moving)).to.include({ code: 'UNKNOWN_OUTCOME', executed: 'unknown' });
      expect(connection).to.include({ silent: true, state: 'open' });
      expect((await peer.frame(FrameKind.CANCEL)).callId).to.equal(calls()[0]?.callId);
      peer.write(frameOf(FrameKind.RESULT, textBody('late'), calls()[1]?.callId));
      expect(await staying).to.equal('late');
      await until(() => !connection.silent);
    });

    it('a callee that does not even read is lost', async () => {
      const { connection, peer } = await rig.connectToRaw(kind, { limits });
      peer.socket.pause();
      const calls = Array.from({ length: 30 }, () =>
        failureOf(connection.call(outgoing(0, 'x'.repeat(200_000)))),
      );
      for (const failure of await Promise.all(calls)) {
        expect(failure.executed).to.equal(failure.code === 'UNAVAILABLE' ? 'no' : 'unknown');
      }
      expect(connection.state).to.equal('closed');
    });

    it('a caller that falls silent is lost: its calls are aborted', async () => {
      const held: IncomingCall[] = [];
      const server = await rig.serve(kind, [(call) => held.push(call)], { limits });
      const peer = await rig.raw(server.address);
      peer.hello();
      peer.write(callFrame(1, outgoing(0)));
      await until(() => held.length === 1);
      const signal = held[0]?.signal;
      await peer.frame(FrameKind.PING);
      await peer.ended;
      expect(signal?.aborted).to.equal(true);
      expect(server.counters).to.include({ connectionsOpen: 0, protocolErrors: 0 });
    });

    it('a caller that stops reading its answers is lost', async () => {
      const server = await rig.serve(
        kind,
        [(call) => call.succeed((writer) => writer.writeString('x'.repeat(100_000)))],
        { limits: { ...limits, maxQueuedBytes: 200_000 } },
      );
      const peer = await rig.raw(server.address);
      peer.hello();
      await peer.frame(FrameKind.WELCOME);
      peer.socket.pause();
      let id = 1;
      const timer = setInterval(() => {
        if (!peer.socket.destroyed)
          peer.write(...Array.from({ length: 10 }, () => callFrame(id++, outgoing(0))));
      }, 2);
      rig.atEnd(() => clearInterval(timer));
      await until(() => server.counters.connectionsOpen === 0);
      expect(server.counters.protocolErrors).to.equal(0);
    });

    it('an idle connection stays, by pings of either side', async () => {
      const server = await rig.serve(kind, [echo], { limits });
      const connection = await rig.connect(server.address, {
        limits: { heartbeatIntervalMs: 50_000, heartbeatTimeoutMs: 100_000 },
      });
      const raw = await rig.raw(server.address);
      raw.hello();
      let pings = 0;
      while (pings < 10) {
        await raw.frame(FrameKind.PING);
        raw.frames.length = 0;
        raw.write(frameOf(FrameKind.PONG, Buffer.alloc(0)));
        pings++;
      }
      expect(connection.state).to.equal('open');
      expect(await connection.call(outgoing(0, 'still here'))).to.equal('still here');
      expect(raw.socket.destroyed).to.equal(false);
    });

    it('a long message over a slow link is no silence', async () => {
      const server = await rig.serve(kind, [echo], { limits });
      const peer = await rig.raw(server.address);
      peer.hello();
      const frame = callFrame(1, outgoing(0, 'x'.repeat(3_000)));
      for (let sent = 0; sent < frame.length; sent += 100) {
        peer.write(frame.subarray(sent, sent + 100));
        await new Promise((resolve) => setTimeout(resolve, 8));
      }
      await peer.frame(FrameKind.RESULT);
      expect(
        peer.frames.some(({ kind: each }) => each === FrameKind.PING),
        'it was told that we live',
      ).to.equal(true);
    });
  });
}
