import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { Reader } from '../../codec/reader.js';
import type { ConnectOptions } from '../connect.js';
import { FrameKind, frameOf } from '../frame.js';
import { CALLEE, CALLER, failureOf, outgoing, Rig, textBody, until } from '../spec-support.js';
import { brotli } from './brotli.js';
import { openEdges } from './open-edges.js';
import { SlowLink } from './spec-support.js';

const MB = 1e6;
/** Each body of its own, and much alike in itself. */
const list = (size: number, mark: number): string =>
  Array.from(
    { length: Math.ceil(size / 30) },
    (_, i) => `product ${i * mark}: a lens, ${(i * 31) % 97} dollars; `,
  )
    .join('')
    .slice(0, size);
const SIZES = [20_000, 300_000];

describe('Compression of a connection', function () {
  this.timeout(30_000);
  let rig: Rig;
  beforeEach(() => {
    rig = new Rig();
  });
  afterEach(() => rig.end());

  async function over(
    bytesPerSecond: number,
    text: (size: number, mark: number) => string,
    options: Partial<ConnectOptions> = {},
  ) {
    const server = await rig.serve('tcp', [
      (call, argument) => call.succeed((writer) => writer.writeString(text(Number(argument), 7))),
      (call, argument) => call.succeed((writer) => writer.writeString(String(argument.length))),
      (call, argument) => {
        async function* items() {
          for (let i = 1; i <= 20; i++) yield text(Number(argument), i);
        }
        const encode = (writer: { writeString(value: string): void }, item: unknown) =>
          writer.writeString(String(item));
        void call.stream(items(), encode, encode);
      },
    ]);
    const link = await SlowLink.to(rig, server.address, bytesPerSecond);
    return { link, connection: await rig.connect(link.address, options) };
  }

  for (const size of SIZES) {
    it(`begins for results of ${size} bytes over a slow link, and loses nothing`, async () => {
      const { link, connection } = await over(4 * MB, list);
      const expected = list(size, 7);
      let wireBytes = Number.POSITIVE_INFINITY;
      while (wireBytes > (8 * size) / 3) {
        const before = link.downBytes;
        const calls = Array.from({ length: 8 }, () => connection.call(outgoing(0, String(size))));
        for (const result of await Promise.all(calls)) expect(result).to.equal(expected);
        wireBytes = link.downBytes - before;
      }
    });
  }

  it('begins for arguments and for items of streams too, each direction by itself', async () => {
    const { link, connection } = await over(4 * MB, list);
    const argument = list(100_000, 3);
    let wireBytes = Number.POSITIVE_INFINITY;
    while (wireBytes > 100_000) {
      const before = link.upBytes;
      const calls = Array.from({ length: 4 }, () => connection.call(outgoing(1, argument)));
      expect(await Promise.all(calls)).to.deep.equal(Array(4).fill('100000'));
      wireBytes = link.upBytes - before;
    }
    wireBytes = Number.POSITIVE_INFINITY;
    while (wireBytes > 20 * 10_000) {
      const before = link.downBytes;
      let mark = 1;
      for await (const item of connection.stream(outgoing(2, '30000')))
        expect(item).to.equal(list(30_000, mark++));
      expect(mark).to.equal(21);
      wireBytes = link.downBytes - before;
    }
  });

  it('never begins for bodies that do not shrink', async () => {
    const noise = randomBytes(60_000);
    const server = await rig.serve('tcp', [(call) => call.succeed((writer) => writer.writeRaw(noise))]);
    const link = await SlowLink.to(rig, server.address, 4 * MB);
    const connection = await rig.connect(link.address);
    const call = { ...outgoing(0), decodeResult: (reader: Reader) => reader.readRaw(noise.length) };
    for (let i = 0; i < 20; i++) {
      const before = link.downBytes;
      const calls = Array.from({ length: 4 }, () => connection.call(call));
      for (const result of await Promise.all(calls)) expect(noise.equals(result as Buffer)).to.equal(true);
      expect(link.downBytes - before).to.be.above(4 * noise.length);
    }
    expect(openEdges.report().map(({ choice }) => choice.kind)).to.deep.equal(['off', 'off']);
  });

  it('is never thought of where either side has it off, nor over a Unix socket', async () => {
    const server = await rig.serve('tcp', [(call) => call.succeed((writer) => writer.writeString(''))]);
    const off = await rig.connect(server.address, { compression: 'off' });
    const silent = await rig.serve('tcp', [(call) => call.succeed((writer) => writer.writeString(''))], {
      compression: 'off',
    });
    const toSilent = await rig.connect(silent.address);
    const local = await rig.serve('unix', [(call) => call.succeed((writer) => writer.writeString(''))]);
    const unix = await rig.connect(local.address);
    for (const connection of [off, toSilent, unix]) await connection.call(outgoing(0, list(200_000, 1)));
    expect(openEdges.report()).to.deep.equal([]);
  });

  it('names the edges that are open, and forgets them', async () => {
    const server = await rig.serve('tcp', []);
    const connection = await rig.connect(server.address);
    const idle = { choice: { kind: 'off' }, plainBytes: 0, compressedBytes: 0 };
    await until(() => openEdges.report().length === 2);
    expect(openEdges.report()).to.have.deep.members([
      { peer: CALLEE.replica, ...idle },
      { peer: CALLER.replica, ...idle },
    ]);
    connection.close();
    await until(() => openEdges.report().length === 0);
  });

  const body = (kind: number, claimed: number, bytes: Uint8Array): Buffer => {
    const header = Buffer.from([kind, 0, 0, 0, 0]);
    header.writeUInt32LE(claimed, 1);
    return Buffer.concat([header, bytes]);
  };
  const bomb = brotli.compress(Buffer.alloc(2 ** 24), 1);
  const valid = brotli.compress(Buffer.alloc(5_000), 1);
  const hostile: readonly (readonly [string, FrameKind, Buffer, string])[] = [
    [
      'a bomb',
      FrameKind.COMPRESSED,
      body(FrameKind.CALL, 4_096, Buffer.concat([bomb, Buffer.alloc(99)])),
      'does not give the 4096',
    ],
    [
      'a wrong length',
      FrameKind.COMPRESSED,
      body(FrameKind.CALL, 5_001, Buffer.concat([valid, Buffer.alloc(99)])),
      'gives 5000',
    ],
    [
      'a monstrous length',
      FrameKind.COMPRESSED,
      body(FrameKind.CALL, 2 ** 32 - 1, valid),
      'claims 4294967295',
    ],
    [
      'corrupted bytes',
      FrameKind.COMPRESSED,
      body(FrameKind.CALL, 5_000, Buffer.alloc(100, 0xa7)),
      'does not give the 5000',
    ],
    ['an answer to no probe', FrameKind.PROBE_ANSWER, Buffer.alloc(12, 1), 'an answer to no probe'],
    ['a probe that is none', FrameKind.PROBE, Buffer.alloc(5), 'a probe has 5 bytes'],
  ];
  for (const [what, kind, bytes, message] of hostile) {
    it(`ends for a caller that sends ${what}, and only for it`, async () => {
      const errors: string[] = [];
      const server = await rig.serve('tcp', [(call) => call.succeed((writer) => writer.writeString('yes'))], {
        onProtocolError: (error) => errors.push(error.message),
      });
      const other = await rig.connect(server.address);
      const peer = await rig.raw(server.address);
      peer.hello({ compression: true });
      await peer.frame(FrameKind.WELCOME);
      peer.write(frameOf(kind, bytes, 1));
      await peer.ended;
      expect(errors).to.have.length(1);
      expect(errors[0]).to.contain(message);
      expect(await other.call(outgoing(0))).to.equal('yes');
    });
  }

  it('ends for a peer that compresses what it must not', async () => {
    const { connection, peer } = await rig.connectToRaw('tcp', { compression: 'off' });
    const call = failureOf(connection.call(outgoing(0)));
    const { callId } = await peer.frame(FrameKind.CALL);
    const compressed = Buffer.concat([brotli.compress(textBody('x'.repeat(5_000)), 1), Buffer.alloc(99)]);
    peer.write(frameOf(FrameKind.COMPRESSED, body(FrameKind.RESULT, 5_002, compressed), callId));
    expect((await call).message).to.contain('a compressed frame came, and none was accepted');
  });
});
