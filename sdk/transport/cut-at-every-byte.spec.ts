import { expect } from 'chai';
import { RemoteCallError } from '../errors/remote-call-error.js';
import type { Address } from '../protocol/address.js';
import { CuttingProxy, type Direction } from './spec-support/cutting-proxy.js';
import { ADDRESS_KINDS, outgoing, Rig, type TestServer, until } from './spec-support.js';
import type { ClientConnection } from './transport.js';

const ECHO = 0;
const COUNT = 1;
const WAIT = 2;
const DIRECTIONS: readonly Direction[] = ['to-callee', 'to-caller'];
/** Longer than a chunk: its middle is cut here and there only. */
const LARGE = 'x'.repeat(70_000);
const LARGE_STEP = 4_999;
/** What is not of the large message, either way, is less. */
const EVERY_BYTE_BELOW = 600;

type Outcome = 'answered' | 'no' | 'yes' | 'unknown';

for (const kind of ADDRESS_KINDS) {
  describe(`A connection over ${kind} that is cut at every byte`, () => {
    let rig: Rig;
    let server: TestServer;
    let proxy: CuttingProxy;
    let address: Address;
    let executed: Set<string>;
    let seen: Set<Outcome>;
    beforeEach(async () => {
      rig = new Rig();
      executed = new Set();
      seen = new Set();
      server = await rig.serve(kind, [
        (call, text) => {
          executed.add(text.slice(0, 10));
          call.succeed((writer) => writer.writeString('done'));
        },
        (call, text) => {
          executed.add(text);
          void call.stream(
            (async function* () {
              for (let item = 0; item < 3; item++) yield item;
            })(),
            (writer, item) => writer.writeString(String(item)),
            () => {},
          );
        },
        (_call, text) => executed.add(text),
      ]);
      proxy = new CuttingProxy();
      address = await proxy.listen(rig, kind, server.address);
    });
    afterEach(() => rig.end());

    const outcomeOf = (promise: Promise<unknown>): Promise<Outcome> =>
      promise.then(
        () => 'answered' as const,
        (reason: unknown) => {
          if (!(reason instanceof RemoteCallError)) throw reason;
          return reason.executed;
        },
      );

    async function read(stream: AsyncIterable<unknown>): Promise<void> {
      const items: unknown[] = [];
      for await (const item of stream) items.push(item);
      expect(items).to.deep.equal(['0', '1', '2']);
    }

    /** Small calls, a stream, and a call that is given up; `large`: one in chunks instead. */
    async function converse(name: string, large: boolean): Promise<ReadonlyMap<string, Outcome>> {
      const outcomes = new Map<string, Outcome>();
      let connection: ClientConnection;
      try {
        connection = await rig.connect(address);
      } catch (reason) {
        expect(reason).to.be.instanceOf(RemoteCallError).and.to.have.property('executed', 'no');
        return outcomes;
      }
      const call = (id: string, promise: Promise<unknown>) =>
        outcomeOf(promise).then((outcome) => outcomes.set(`${name}${id}`, outcome));
      if (large) await call('l', connection.call(outgoing(ECHO, `${name}l`.padEnd(10, '.') + LARGE)));
      else {
        const given = new AbortController();
        const first = [
          call('a', connection.call(outgoing(ECHO, `${name}a`, { timeoutMs: 60_000 }))),
          call('s', read(connection.stream(outgoing(COUNT, `${name}s`)))),
          call('w', connection.call(outgoing(WAIT, `${name}w`, { signal: given.signal }))),
        ];
        setTimeout(() => given.abort(), 1);
        await Promise.all(first);
        await call('b', connection.call(outgoing(ECHO, `${name}b`, { metadata: new Map([['k', 'v']]) })));
      }
      connection.close();
      expect(connection.outstanding, 'BOUNDED: no call is left').to.equal(0);
      return outcomes;
    }

    async function cutAt(direction: Direction, bytes: number, large: boolean): Promise<void> {
      const name = `${direction === 'to-callee' ? 'e' : 'r'}${bytes}`;
      proxy.arm(direction, bytes);
      const outcomes = await converse(name, large);
      await until(() => server.counters.connectionsOpen === 0); // BOUNDED: none is left over
      for (const [call, outcome] of outcomes) {
        seen.add(outcome);
        const ran = executed.has(call) || executed.has(call.padEnd(10, '.'));
        if (outcome === 'no') expect(ran, `NO-GHOST: ${call}, cut ${direction} at ${bytes}`).to.equal(false);
        if (outcome === 'answered') expect(ran, `${call}, cut ${direction} at ${bytes}`).to.equal(true);
      }
    }

    for (const direction of DIRECTIONS) {
      it(`BOUNDED, NO-GHOST: ${direction}, in small calls, a stream and a cancellation`, async () => {
        await converse('whole', false);
        const total = proxy.passed[direction];
        expect(total)
          .to.be.above(100)
          .and.below(4 * EVERY_BYTE_BELOW);
        for (let bytes = 1; bytes <= total; bytes++) await cutAt(direction, bytes, false);
        expect([...seen]).to.include.members(['answered', 'unknown', 'no']);
      }).timeout(60_000);

      it(`BOUNDED, NO-GHOST: ${direction}, in a call in chunks`, async () => {
        await converse('whole', true);
        const total = proxy.passed[direction];
        const last = total - EVERY_BYTE_BELOW;
        for (
          let bytes = 1;
          bytes <= total;
          bytes += bytes > EVERY_BYTE_BELOW && bytes < last ? LARGE_STEP : 1
        )
          await cutAt(direction, bytes, true);
      }).timeout(60_000);
    }
  });
}
