import { expect } from 'chai';
import fc from 'fast-check';
import { RemoteCallError } from '../errors/remote-call-error.js';
import { FrameKind } from './frame.js';
import { CuttingProxy } from './spec-support/cutting-proxy.js';
import { ADDRESS_KINDS, failureOf, outgoing, Rig, until } from './spec-support.js';
import type { IncomingCall } from './transport.js';

const ECHO = 0;
const COUNT = 1;

for (const kind of ADDRESS_KINDS) {
  describe(`Disconnects over ${kind}`, () => {
    let rig: Rig;
    beforeEach(() => {
      rig = new Rig();
    });
    afterEach(() => rig.end());

    it('NO-GHOST: a call reported as not executed never was, wherever the connection breaks', async () => {
      const cut = fc.record({
        direction: fc.constantFrom('to-callee' as const, 'to-caller' as const),
        after: fc.oneof(fc.nat(60), fc.nat(3_000), fc.nat(2_000_000)),
        sizes: fc.array(fc.oneof(fc.nat(20), fc.nat(3_000), fc.nat(300_000)), {
          minLength: 1,
          maxLength: 40,
        }),
        perTurn: fc.integer({ min: 1, max: 10 }),
      });
      await fc.assert(
        fc.asyncProperty(cut, async ({ direction, after, sizes, perTurn }) => {
          const own = new Rig();
          try {
            const executed = new Set<string>();
            const server = await own.serve(kind, [
              (call, text) => {
                executed.add(text);
                call.succeed((writer) => writer.writeString(text));
              },
            ]);
            const proxy = new CuttingProxy();
            const connection = await own.connect(await proxy.listen(own, kind, server.address));
            proxy.arm(direction, after);
            const outcomes: Promise<void>[] = [];
            const notExecuted = new Set<string>();
            const answered = new Set<string>();
            for (const [i, size] of sizes.entries()) {
              const name = `${i}:${'x'.repeat(size)}`;
              const settle = connection.call(outgoing(ECHO, name)).then(
                () => void answered.add(name),
                (error: unknown) => {
                  expect(error).to.be.instanceOf(RemoteCallError);
                  if (!(error instanceof RemoteCallError)) return;
                  expect(error.executed).to.equal(error.code === 'UNAVAILABLE' ? 'no' : 'unknown');
                  if (error.executed === 'no') notExecuted.add(name);
                },
              );
              outcomes.push(settle);
              if (i % perTurn === 0) await new Promise((resolve) => setImmediate(resolve));
            }
            await Promise.all(outcomes);
            await server.close();
            for (const name of notExecuted) expect(executed.has(name), name.slice(0, 5)).to.equal(false);
            for (const name of answered) expect(executed.has(name), name.slice(0, 5)).to.equal(true);
          } finally {
            await own.end();
          }
        }),
        { numRuns: 60 },
      );
    });

    it('knows a call that was never sent from one that may have been', async () => {
      const { connection, peer } = await rig.connectToRaw(kind);
      peer.socket.pause();
      const filling = Array.from({ length: 300 }, () =>
        failureOf(connection.call(outgoing(ECHO, 'x'.repeat(60_000)))),
      );
      await new Promise((resolve) => setImmediate(resolve));
      const behind = failureOf(connection.call(outgoing(ECHO, 'behind them')));
      await new Promise((resolve) => setImmediate(resolve));
      peer.socket.destroy();
      expect(await filling[0]).to.include({ code: 'UNKNOWN_OUTCOME', executed: 'unknown' });
      expect(await behind).to.include({ code: 'UNAVAILABLE', executed: 'no' });
      expect(await filling.at(-1)).to.include({ code: 'UNAVAILABLE', executed: 'no' });
    });

    it('knows a call in chunks that was not sent to its end, and lets others pass it', async () => {
      const { connection, peer } = await rig.connectToRaw(kind);
      const large = failureOf(connection.call(outgoing(ECHO, 'x'.repeat(1_000_000))));
      const small = failureOf(connection.call(outgoing(ECHO, 'passes')));
      // The peer grants no credit for more chunks than the first window.
      await peer.frame(FrameKind.CHUNK);
      await peer.frame(FrameKind.CALL);
      peer.socket.destroy();
      expect(await small).to.include({ code: 'UNKNOWN_OUTCOME', executed: 'unknown' });
      expect(await large).to.include({ code: 'UNAVAILABLE', executed: 'no' });
    });

    it('says UNKNOWN_OUTCOME of calls that were sent, and UNAVAILABLE of new ones', async () => {
      const { connection, peer } = await rig.connectToRaw(kind);
      const states: unknown[] = [];
      connection.onStateChange((state) => states.push(state));
      const calls = [connection.call(outgoing(ECHO)), connection.call(outgoing(ECHO))].map(failureOf);
      await until(() => peer.frames.length >= 3);
      peer.socket.destroy();
      for (const failure of await Promise.all(calls)) {
        expect(failure).to.include({ code: 'UNKNOWN_OUTCOME', executed: 'unknown', replica: 'cart-1' });
      }
      expect([connection.state, connection.outstanding, states]).to.deep.equal(['closed', 0, ['closed']]);
      expect(await failureOf(connection.call(outgoing(ECHO)))).to.include({
        code: 'UNAVAILABLE',
        executed: 'no',
      });
    });

    it('says of calls that close() overtook that they were not executed', async () => {
      const executed: string[] = [];
      const server = await rig.serve(kind, [(_call, text) => executed.push(text)]);
      const connection = await rig.connect(server.address);
      const overtaken = failureOf(connection.call(outgoing(ECHO, 'overtaken')));
      connection.close();
      expect(await overtaken).to.include({ code: 'UNAVAILABLE', executed: 'no' });
      await until(() => server.counters.connectionsOpen === 0);
      expect(executed).to.deep.equal([]);
    });

    it('gives the items of a stream that arrived before the loss, then the loss', async () => {
      let pump: IncomingCall | undefined;
      const server = await rig.serve(kind, [
        () => {},
        (call) => {
          pump = call;
          async function* items() {
            yield 'one';
            yield 'two';
            await new Promise((resolve) => call.signal.addEventListener('abort', resolve));
          }
          void call.stream(
            items(),
            (writer, item) => writer.writeString(String(item)),
            () => {},
          );
        },
      ]);
      const connection = await rig.connect(server.address);
      const stream = connection.stream(outgoing(COUNT))[Symbol.asyncIterator]();
      expect((await stream.next()).value).to.equal('one');
      await until(() => pump !== undefined);
      await new Promise((resolve) => setTimeout(resolve, 5));
      await server.close();
      await until(() => connection.state === 'closed');
      expect((await stream.next()).value).to.equal('two');
      expect(await failureOf(stream.next())).to.have.property('code', 'UNKNOWN_OUTCOME');
      expect((await stream.next()).done).to.equal(true);
    });
  });
}
