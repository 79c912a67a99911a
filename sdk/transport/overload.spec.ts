import { expect } from 'chai';
import type { EventLoop } from './event-loop.js';
import { FrameKind } from './frame.js';
import { ADDRESS_KINDS, callFrame, ManualClock, outgoing, Rig, until } from './spec-support.js';

const ECHO = 0;

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

    it('NO-GHOST, BOUNDED: refuses what has waited too long, before it runs, and answers each call once', async () => {
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
      for (let wave = 10; wave <= 1_280; wave *= 2) {
        const calls = Array.from({ length: wave }, () => callFrame(++sent, outgoing(ECHO, String(sent))));
        peer.write(...calls);
        await until(() => peer.frames.length === sent + 1);
        loop.endTurn();
      }
      const answers = peer.frames.slice(1);
      expect(new Set(answers.map(({ callId }) => callId)).size, 'one answer a call').to.equal(sent);
      const refused = answers.filter((answer) => answer.kind === FrameKind.FAILURE);
      expect(refused).to.have.length(server.counters.callsShed);
      expect(refused.length).to.be.at.least(400);
      for (const { callId } of refused) expect(executed.has(String(callId))).to.equal(false);
      expect(executed.size).to.equal(sent - refused.length);
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
