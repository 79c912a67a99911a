import { expect } from 'chai';
import { RemoteCallError } from '../errors/remote-call-error.js';
import { FrameKind, frameOf } from './frame.js';
import {
  ADDRESS_KINDS,
  callFrame,
  failureOf,
  outgoing,
  Rig,
  type TestServer,
  until,
} from './spec-support.js';
import type { ClientConnection, IncomingCall } from './transport.js';

const ECHO = 0;
const HOLD = 1;
const COUNT = 2;
/** More than any of these tests takes. */
const LONG_MS = 20_000;

for (const kind of ADDRESS_KINDS) {
  describe(`Drain over ${kind}`, () => {
    let rig: Rig;
    let server: TestServer;
    let executed: Set<string>;
    let held: IncomingCall[];

    beforeEach(async () => {
      rig = new Rig();
      executed = new Set();
      held = [];
      server = await rig.serve(kind, [
        (call, text) => {
          executed.add(text);
          setTimeout(() => call.succeed((writer) => writer.writeString(text)), executed.size % 5);
        },
        (call) => held.push(call),
        (call, text) => {
          async function* count() {
            for (let i = 0; i < Number(text); i++) yield i;
          }
          void call.stream(
            count(),
            (writer, item) => writer.writeString(String(item)),
            () => {},
          );
        },
      ]);
    });
    afterEach(() => rig.end());

    it('loses nothing under load: each call is answered, or was certainly not executed', async () => {
      const connections = await Promise.all(Array.from({ length: 4 }, () => rig.connect(server.address)));
      const answered = new Set<string>();
      const refused = new Set<string>();
      const wrong: unknown[] = [];
      const load = async (connection: ClientConnection, worker: string) => {
        for (let i = 0; refused.size < 200 && i < 5_000; i++) {
          const name = `${worker}.${i}`;
          try {
            expect(await connection.call(outgoing(ECHO, name))).to.equal(name);
            answered.add(name);
          } catch (error) {
            if (error instanceof RemoteCallError && error.code === 'UNAVAILABLE' && error.executed === 'no') {
              refused.add(name);
            } else wrong.push(error);
          }
        }
      };
      const workers = connections.flatMap((connection, c) =>
        Array.from({ length: 16 }, (_, w) => load(connection, `${c}.${w}`)),
      );
      await until(() => answered.size > 100);
      await server.drain(LONG_MS);
      await Promise.all(workers);
      expect(wrong).to.deep.equal([]);
      expect(executed).to.deep.equal(answered);
      expect([...refused].filter((name) => executed.has(name))).to.deep.equal([]);
      expect(server.counters.connectionsOpen).to.equal(0);
    });

    it('answers calls that crossed the announcement, and ends when the caller has acknowledged', async () => {
      const peer = await rig.raw(server.address);
      peer.hello();
      await peer.frame(FrameKind.WELCOME);
      let drained = false;
      const drain = server.drain(LONG_MS).then(() => {
        drained = true;
      });
      await peer.frame(FrameKind.GOAWAY);
      peer.write(callFrame(1, outgoing(ECHO, 'crossed')));
      expect((await peer.frame(FrameKind.RESULT)).body.toString('latin1')).to.contain('crossed');
      expect(drained).to.equal(false);
      peer.write(frameOf(FrameKind.GOAWAY, Buffer.alloc(0)));
      await drain;
      await peer.ended;
    });

    it('tells the caller, lets its calls and streams finish, and takes no new ones', async () => {
      const connection = await rig.connect(server.address, { limits: { streamWindowItems: 4 } });
      const states: string[] = [];
      connection.onStateChange((state) => states.push(state));
      const running = connection.call(outgoing(HOLD));
      const stream = connection.stream(outgoing(COUNT, '100'))[Symbol.asyncIterator]();
      await stream.next();
      await until(() => held.length === 1);
      const drain = server.drain(LONG_MS);
      await until(() => connection.state === 'draining');
      expect(await failureOf(connection.call(outgoing(ECHO)))).to.include({
        code: 'UNAVAILABLE',
        executed: 'no',
      });
      let items = 1;
      for await (const _ of { [Symbol.asyncIterator]: () => stream }) items++;
      expect(items).to.equal(100);
      expect(connection.state).to.equal('draining');
      held[0]?.succeed((writer) => writer.writeString('finished'));
      expect(await running).to.equal('finished');
      await drain;
      await until(() => connection.state === 'closed');
      expect(states).to.deep.equal(['draining', 'closed']);
    });

    it('cuts what is left after the time given', async () => {
      const connection = await rig.connect(server.address);
      const running = failureOf(connection.call(outgoing(HOLD)));
      await until(() => held.length === 1);
      const signal = held[0]?.signal;
      await server.drain(20);
      expect(await running).to.have.property('code', 'UNKNOWN_OUTCOME');
      expect(signal?.aborted).to.equal(true);
    });

    it('accepts nobody any more', async () => {
      await server.drain(LONG_MS);
      expect(await failureOf(rig.connect(server.address))).to.include({
        code: 'UNAVAILABLE',
        executed: 'no',
      });
      await server.drain(LONG_MS);
      await server.close();
    });

    it('from the caller: finishes its calls, takes no new ones, and closes', async () => {
      const connection = await rig.connect(server.address);
      const running = connection.call(outgoing(HOLD));
      await until(() => held.length === 1);
      const drain = connection.drain(LONG_MS);
      expect(connection.state).to.equal('draining');
      expect(await failureOf(connection.call(outgoing(ECHO)))).to.include({
        code: 'UNAVAILABLE',
        executed: 'no',
      });
      held[0]?.succeed((writer) => writer.writeString('finished'));
      expect(await running).to.equal('finished');
      await drain;
      expect(connection.state).to.equal('closed');
      await until(() => server.counters.connectionsOpen === 0);
      await connection.drain(LONG_MS);
    });

    it('from the caller: cuts what is left after the time given', async () => {
      const connection = await rig.connect(server.address);
      const running = failureOf(connection.call(outgoing(HOLD)));
      await until(() => held.length === 1);
      await connection.drain(20);
      expect(await running).to.include({ code: 'UNKNOWN_OUTCOME', executed: 'unknown' });
    });

    it('sends calls that were made right before it', async () => {
      const connection = await rig.connect(server.address);
      const call = connection.call(outgoing(ECHO, 'just in time'));
      const drain = connection.drain(LONG_MS);
      expect(await call).to.equal('just in time');
      await drain;
    });
  });
}
