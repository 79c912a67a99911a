import { expect } from 'chai';
import type { EventLoop } from './event-loop.js';
import { FrameKind, frameOf } from './frame.js';
import { ADDRESS_KINDS, callFrame, ManualClock, outgoing, Rig, textBody, until } from './spec-support.js';

const ECHO = 0;
const WAVE = 400;
const NO_BODY = new Uint8Array();

/** There is always something to do, in turns that end when the test says so: delays are those of the clock. */
class NeverIdle implements EventLoop {
  #afterReads: (() => void)[] = [];

  idleMs(): number {
    return 0;
  }

  afterReads(task: () => void): void {
    this.#afterReads.push(task);
  }

  endTurn(): void {
    for (const task of this.#afterReads.splice(0)) task();
  }
}

for (const kind of ADDRESS_KINDS) {
  describe(`An overloaded callee over ${kind}`, () => {
    let rig: Rig;
    beforeEach(() => {
      rig = new Rig();
    });
    afterEach(() => rig.end());

    it('NO-GHOST, BOUNDED: refuses what has waited too long while its caller says that its calls grow, before it runs, and answers each call once', async () => {
      const loop = new NeverIdle();
      const clock = new ManualClock();
      const executed = new Set<string>();
      const server = await rig.serve(
        kind,
        [
          (call, text) => {
            executed.add(text);
            clock.advance(1);
            call.succeed((writer) => writer.writeString(text));
          },
        ],
        { clock, loop },
      );
      const peer = await rig.raw(server.address);
      peer.hello();
      await peer.frame(FrameKind.WELCOME);
      let sent = 0;
      const wave = async (...before: Buffer[]) => {
        const refusedBefore = server.counters.callsShed;
        const calls = Array.from({ length: WAVE }, () => callFrame(++sent, outgoing(ECHO, String(sent))));
        peer.write(...before, ...calls);
        await until(() => peer.frames.length === sent + 1);
        loop.endTurn();
        return server.counters.callsShed - refusedBefore;
      };
      expect(await wave(), 'before it says so').to.equal(0);
      expect(await wave(frameOf(FrameKind.GROWS, NO_BODY)), 'while it does').to.be.at.least(WAVE / 2);
      expect(await wave(frameOf(FrameKind.SETTLED, NO_BODY)), 'when that is over').to.equal(0);
      const answers = peer.frames.slice(1);
      expect(new Set(answers.map(({ callId }) => callId)).size, 'one answer a call').to.equal(sent);
      const refused = answers.filter((answer) => answer.kind === FrameKind.FAILURE);
      expect(refused).to.have.length(server.counters.callsShed);
      for (const { callId } of refused) expect(executed.has(String(callId))).to.equal(false);
      expect(executed.size).to.equal(sent - refused.length);
    });

    it('learns from its caller that calls come faster than they are answered, and that it is over', async () => {
      const clock = new ManualClock();
      const { connection, peer } = await rig.connectToRaw(kind, { clock });
      const calls: Promise<unknown>[] = [];
      let answered = 0;
      const called = () => peer.frames.filter((frame) => frame.kind === FrameKind.CALL);
      const told = (frameKind: number) => peer.frames.some((frame) => frame.kind === frameKind);
      const answer = async (count: number) => {
        const ids = called().slice(answered, answered + count);
        answered += ids.length;
        peer.write(...ids.map(({ callId }) => frameOf(FrameKind.RESULT, textBody(''), callId)));
        await Promise.all(calls.slice(0, answered));
      };
      // Closed loops: each answer is followed by a call.
      for (let i = 0; i < 64; i++) calls.push(connection.call(outgoing(ECHO)));
      for (let i = 0; i < 40; i++) {
        await until(() => called().length === calls.length);
        await answer(1 + (i % 32));
        clock.advance(100);
        while (calls.length - answered < 64) calls.push(connection.call(outgoing(ECHO)));
      }
      expect(told(FrameKind.GROWS), 'closed loops').to.equal(false);
      // Two for each answer.
      while (!told(FrameKind.GROWS) && calls.length - answered < 4_000) {
        for (let i = 0; i < 64; i++) calls.push(connection.call(outgoing(ECHO)));
        await until(() => called().length === calls.length);
        await answer(32);
        clock.advance(50);
      }
      expect(told(FrameKind.GROWS), 'an open loop').to.equal(true);
      await answer(calls.length - answered);
      await until(() => told(FrameKind.SETTLED));
    });

    it('does not run a call whose time was over before it could start', async () => {
      const clock = new ManualClock();
      const executed: string[] = [];
      const server = await rig.serve(
        kind,
        [
          (call, text) => {
            executed.push(text);
            if (text === 'long') clock.advance(60);
            call.succeed((writer) => writer.writeString(text));
          },
        ],
        { clock, loop: new NeverIdle() },
      );
      const peer = await rig.raw(server.address);
      peer.hello();
      await peer.frame(FrameKind.WELCOME);
      const short = Array.from({ length: 20 }, (_, i) =>
        callFrame(2 + i, outgoing(ECHO, 'short', { timeoutMs: 20 })),
      );
      peer.write(callFrame(1, outgoing(ECHO, 'long')), ...short);
      await until(() => peer.frames.length === 22);
      const late = peer.frames.filter((frame) => frame.kind === FrameKind.FAILURE);
      expect(late.length).to.be.at.least(12);
      expect(executed.filter((text) => text === 'short')).to.have.length(20 - late.length);
      expect(late[0]?.body.toString('latin1')).to.include('the method did not run');
    });
  });
}
