import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import type { Address } from '../protocol/address.js';
import { FrameKind, frameOf, PROTOCOL_VERSION } from './frame.js';
import { encodeChallenge } from './handshake.js';
import { needsProof } from './proof.js';
import { failureOf, outgoing, Rig, type TestServer, TOKEN, welcomeFrame } from './spec-support.js';
import type { IncomingCall } from './transport.js';

const echo = (call: IncomingCall, text: string) => call.succeed((writer) => writer.writeString(text));

describe('Proof of the token', () => {
  let rig: Rig;
  let server: TestServer;
  beforeEach(async () => {
    rig = new Rig();
    server = await rig.serve('tcp', [echo], { proof: true });
  });
  afterEach(() => rig.end());

  /** Lets bytes through and keeps those of the caller and of both. */
  async function wiretap(): Promise<{
    readonly address: Address;
    readonly caller: Buffer[];
    readonly all: Buffer[];
  }> {
    const caller: Buffer[] = [];
    const all: Buffer[] = [];
    const target = server.address;
    if (target.kind !== 'tcp') throw new Error('the server is on TCP');
    const tap = createServer((inside: Socket) => {
      const outside = connectSocket(target.port, target.host);
      inside.on('data', (bytes) => {
        caller.push(bytes);
        all.push(bytes);
      });
      outside.on('data', (bytes) => all.push(bytes));
      inside.pipe(outside).pipe(inside);
      for (const socket of [inside, outside]) socket.on('error', () => undefined);
      rig.atEnd(() => outside.destroy());
    });
    await new Promise<void>((resolve) => tap.listen(0, '127.0.0.1', resolve));
    rig.atEnd(() => tap.close());
    const bound = tap.address();
    if (bound === null || typeof bound === 'string') throw new Error('no port');
    return { address: { kind: 'tcp', host: '127.0.0.1', port: bound.port }, caller, all };
  }

  it('is wanted beyond the Unix sockets and the loopback interface', () => {
    const tcp = (host: string): Address => ({ kind: 'tcp', host, port: 1 });
    expect(needsProof({ kind: 'unix', path: '/x' })).to.equal(false);
    for (const host of ['127.0.0.1', '127.8.0.1', 'localhost', '::1'])
      expect(needsProof(tcp(host))).to.equal(false);
    for (const host of ['10.0.0.1', '0.0.0.0', '::', 'fd00::1', '127.evil.example', 'db'])
      expect(needsProof(tcp(host)), host).to.equal(true);
  });

  it('lets in who knows it, and the token is never on the wire', async () => {
    const tap = await wiretap();
    const connection = await rig.connect(tap.address, { proof: true });
    expect(await connection.call(outgoing(0, 'hello'))).to.equal('hello');
    expect(Buffer.concat(tap.all).includes(TOKEN)).to.equal(false);
  });

  it('refuses a caller of another token, and one that sends the token itself', async () => {
    const failure = await failureOf(rig.connect(server.address, { proof: true, token: 'another' }));
    expect(failure).to.include({ code: 'VERSION_MISMATCH', executed: 'no' });
    expect(failure.message).to.contain('(token)');
    const peer = await rig.raw(server.address);
    peer.hello();
    await peer.ended;
    expect(String(peer.frames.at(-1)?.body)).to.contain('"reason":"token"');
    expect([...server.counters.handshakesRefused]).to.deep.equal([['token', 2]]);
  });

  it('refuses a handshake that is sent again', async () => {
    const tap = await wiretap();
    await rig.connect(tap.address, { proof: true });
    const peer = await rig.raw(server.address);
    peer.write(Buffer.concat(tap.caller));
    await peer.ended;
    expect(String(peer.frames.at(-1)?.body)).to.contain('"reason":"token"');
  });

  it('does not believe a callee that does not know the token', async () => {
    const challenge = frameOf(
      FrameKind.CHALLENGE,
      Buffer.from(encodeChallenge({ protocol: PROTOCOL_VERSION, nonce: 'n' })),
    );
    const impostors = [[challenge, welcomeFrame()], [welcomeFrame()], [challenge, challenge]];
    for (const frames of impostors) {
      const address = await rig.listenRaw('tcp', (peer) => peer.write(Buffer.concat(frames)));
      const failure = await failureOf(rig.connect(address, { proof: true }));
      expect(failure.code).to.be.oneOf(['VERSION_MISMATCH', 'PROTOCOL_ERROR']);
      expect(failure.executed).to.equal('no');
    }
  });

  it('is not given to one that has no business to ask', async () => {
    const failure = await failureOf(rig.connect(server.address));
    expect(failure.code).to.be.oneOf(['VERSION_MISMATCH', 'PROTOCOL_ERROR']);
  });
});
