import { expect } from 'chai';
import { PROTOCOL_VERSION } from './frame.js';
import type { RefusalReason } from './handshake.js';
import type { ConnectOptions } from './index.js';
import {
  ADDRESS_KINDS,
  CALLEE,
  CALLER,
  failureOf,
  helloFrame,
  outgoing,
  Rig,
  type TestServer,
  TOKEN,
  until,
  welcomeFrame,
} from './spec-support.js';
import type { IncomingCall } from './transport.js';

const echo = (call: IncomingCall, text: string) => call.succeed((writer) => writer.writeString(text));

for (const kind of ADDRESS_KINDS) {
  describe(`Connecting over ${kind}`, () => {
    let rig: Rig;
    let server: TestServer;
    beforeEach(async () => {
      rig = new Rig();
      server = await rig.serve(kind, [echo], { limits: { maxConnections: 3 } });
    });
    afterEach(() => rig.end());

    const refused: readonly (readonly [RefusalReason, Partial<ConnectOptions>])[] = [
      ['app', { identity: { ...CALLER, app: 'other' } }],
      ['version', { identity: { ...CALLER, version: 'v2' } }],
      ['version', { expect: { ...CALLEE, version: 'v2' } }],
      ['replica', { expect: { ...CALLEE, replica: 'cart-2' } }],
      ['replica', { expect: { ...CALLEE, group: 'ads' } }],
      ['generation', { expect: { ...CALLEE, generation: 8 } }],
      ['token', { token: `${TOKEN}.` }],
    ];
    for (const [reason, options] of refused) {
      it(`is refused for ${JSON.stringify(options)}, with the reason, which is counted`, async () => {
        const failure = await failureOf(rig.connect(server.address, options));
        expect(failure).to.include({ code: 'VERSION_MISMATCH', executed: 'no' });
        expect(failure.message).to.contain(`(${reason})`);
        expect([...server.counters.handshakesRefused]).to.deep.equal([[reason, 1]]);
        expect(server.counters).to.include({ connectionsAccepted: 0, connectionsOpen: 0, protocolErrors: 0 });
      });
    }

    it('is refused for another protocol', async () => {
      const peer = await rig.raw(server.address);
      peer.hello({ protocol: PROTOCOL_VERSION + 1 });
      await peer.ended;
      expect(String(peer.frames[0]?.body)).to.contain('"reason":"protocol"');
      expect([...server.counters.handshakesRefused]).to.deep.equal([['protocol', 1]]);
    });

    it('does not accept a callee that is somebody else', async () => {
      const address = await rig.listenRaw(kind, (peer) =>
        peer.write(welcomeFrame({ ...CALLEE, generation: 9 })),
      );
      const failure = await failureOf(rig.connect(address));
      expect(failure).to.include({ code: 'VERSION_MISMATCH', executed: 'no' });
      expect(failure.message).to.contain('generation');
    });

    it('does not accept a callee that speaks something else', async () => {
      const address = await rig.listenRaw(kind, (peer) => peer.write(Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')));
      expect(await failureOf(rig.connect(address))).to.include({ code: 'PROTOCOL_ERROR', executed: 'no' });
    });

    it('says UNAVAILABLE of a callee that never answers, or hangs up', async () => {
      const limits = { handshakeTimeoutMs: 30 };
      const silent = await rig.listenRaw(kind, () => {});
      const timeout = await failureOf(rig.connect(silent, { limits }));
      expect(timeout).to.include({ code: 'UNAVAILABLE', executed: 'no' });
      expect(timeout.message).to.contain('no answer within 30 ms');
      const rude = await rig.listenRaw(kind, (peer) => peer.socket.end());
      expect(await failureOf(rig.connect(rude))).to.include({ code: 'UNAVAILABLE', executed: 'no' });
    });

    it('gives a callee that sends its welcome byte by byte no more time', async () => {
      const address = await rig.listenRaw(kind, (peer) => {
        let sent = 0;
        const frame = welcomeFrame();
        const timer = setInterval(() => peer.write(frame.subarray(sent, ++sent)), 5);
        rig.atEnd(() => clearInterval(timer));
      });
      const failure = await failureOf(rig.connect(address, { limits: { handshakeTimeoutMs: 60 } }));
      expect(failure).to.have.property('code', 'UNAVAILABLE');
    });

    it('says UNAVAILABLE where nobody listens', async () => {
      await server.close();
      const failure = await failureOf(rig.connect(server.address));
      expect(failure).to.include({ code: 'UNAVAILABLE', executed: 'no' });
      expect(failure.message).to.contain('cannot connect to cart-1 at');
    });

    it('is cancelled by its signal', async () => {
      const silent = await rig.listenRaw(kind, () => {});
      const controller = new AbortController();
      const failure = failureOf(rig.connect(silent, { signal: controller.signal }));
      controller.abort();
      expect(await failure).to.include({ code: 'CANCELLED', executed: 'no' });
      expect(await failureOf(rig.connect(silent, { signal: controller.signal }))).to.have.property(
        'code',
        'CANCELLED',
      );
    });

    it('is refused when there are too many, and accepted when one has gone', async () => {
      const all = [];
      for (let i = 0; i < 3; i++) all.push(await rig.connect(server.address));
      const failure = await failureOf(rig.connect(server.address));
      expect(failure).to.include({ code: 'UNAVAILABLE', executed: 'no' });
      expect(failure.message).to.contain('too-many-connections');
      expect([...server.counters.handshakesRefused]).to.deep.equal([['too-many-connections', 1]]);
      expect(server.counters).to.include({ connectionsAccepted: 3, connectionsOpen: 3 });
      all[0]?.close();
      await until(() => server.counters.connectionsOpen === 2);
      const next = await rig.connect(server.address);
      expect(await next.call(outgoing(0, 'in'))).to.equal('in');
    });

    it('takes no time from the others when peers stay silent or send byte by byte', async () => {
      server = await rig.serve(kind, [echo], { limits: { handshakeTimeoutMs: 400 } });
      const silent = await rig.raw(server.address);
      const slow = await rig.raw(server.address);
      let sent = 0;
      const hello = helloFrame();
      const timer = setInterval(() => {
        if (!slow.socket.destroyed) slow.write(hello.subarray(sent, ++sent));
      }, 5);
      rig.atEnd(() => clearInterval(timer));
      const connection = await rig.connect(server.address);
      expect(await connection.call(outgoing(0, 'served'))).to.equal('served');
      await Promise.all([silent.ended, slow.ended]);
      expect(sent, 'it was still sending').to.be.below(hello.length);
      expect([...server.counters.handshakesRefused]).to.deep.equal([['timeout', 2]]);
      expect(server.counters.connectionsOpen).to.equal(1);
    });
  });
}
