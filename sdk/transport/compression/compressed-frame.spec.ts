import { expect } from 'chai';
import fc from 'fast-check';
import { Writer } from '../../codec/writer.js';
import { RemoteCallError } from '../../errors/remote-call-error.js';
import { FRAME_HEADER_BYTES, FrameKind, frameOf } from '../frame.js';
import { type BodyCodec, brotli } from './brotli.js';
import {
  compressFrame,
  decompressFrame,
  MAX_EXPANSION,
  MAX_PLAIN_BYTES,
  MIN_PLAIN_BYTES,
} from './compressed-frame.js';

const LIMITS = { codec: brotli, maxFrameBytes: 2 ** 24 };

/** Compresses one frame behind another; returns it. */
function compressed(kind: FrameKind, body: Buffer, compress = (bytes: Buffer) => brotli.compress(bytes, 1)) {
  const writer = new Writer();
  writer.writeRaw(frameOf(FrameKind.PING, Buffer.alloc(0)));
  const at = writer.position;
  writer.writeRaw(frameOf(kind, body, 77));
  compressFrame(writer, at, compress);
  return writer.bytes.subarray(at, writer.position);
}

function decompress(body: Buffer, limits = LIMITS) {
  return decompressFrame(body, 0, body.length, limits);
}

/** A COMPRESSED frame's body as anybody may send it. */
function hostile(kind: number, plainBytes: number, bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(5);
  header[0] = kind;
  header.writeUInt32LE(plainBytes, 1);
  return Buffer.concat([header, bytes]);
}

const compressible = fc
  .tuple(
    fc.integer({ min: MIN_PLAIN_BYTES, max: MAX_PLAIN_BYTES }),
    fc.string({ minLength: 1, maxLength: 40 }),
  )
  .map(([size, text]) => Buffer.alloc(size, text));

describe('Compressed frames', () => {
  it('become what they were', () => {
    fc.assert(
      fc.property(compressible, (body) => {
        const frame = compressed(FrameKind.RESULT, body);
        expect(frame.readUInt32LE(0)).to.equal(frame.length - 4);
        expect([frame[4], frame.readUInt32LE(5)]).to.deep.equal([FrameKind.COMPRESSED, 77]);
        expect(frame.length).to.be.below(body.length / 2);
        expect(decompress(frame.subarray(FRAME_HEADER_BYTES))).to.deep.equal({
          kind: FrameKind.RESULT,
          body,
        });
      }),
      { numRuns: 30 },
    );
  });

  it('are none of short bodies, of other kinds, and where it does not shrink them', () => {
    const never = () => {
      throw new Error('not asked');
    };
    const short = Buffer.alloc(MIN_PLAIN_BYTES - 1);
    expect(compressed(FrameKind.RESULT, short, never)[4]).to.equal(FrameKind.RESULT);
    const body = Buffer.alloc(MIN_PLAIN_BYTES);
    expect(compressed(FrameKind.CREDIT, body, never)[4]).to.equal(FrameKind.CREDIT);
    const grown = compressed(FrameKind.ITEM, body, (bytes) => Buffer.alloc(bytes.length));
    expect(grown.equals(frameOf(FrameKind.ITEM, body, 77))).to.equal(true);
  });

  const valid = brotli.compress(Buffer.alloc(10_000, 'abcd'), 1);
  const bomb = brotli.compress(Buffer.alloc(2 ** 24), 1);
  const refused: readonly (readonly [string, Buffer, string])[] = [
    ['one that is cut off', hostile(FrameKind.RESULT, 10_000, Buffer.alloc(0)), 'cut off'],
    ['one within another', hostile(FrameKind.COMPRESSED, 10_000, valid), 'kind 21'],
    ['a heartbeat', hostile(FrameKind.PING, 10_000, valid), 'kind 13'],
    ['one too short to be one', hostile(FrameKind.RESULT, MIN_PLAIN_BYTES - 1, valid), 'from 4096'],
    [
      'one longer than a frame',
      hostile(FrameKind.RESULT, MAX_PLAIN_BYTES + 1, Buffer.alloc(9_999)),
      `to ${MAX_PLAIN_BYTES}`,
    ],
    ['one of 4 GiB', hostile(FrameKind.RESULT, 2 ** 32 - 1, valid), '4294967295'],
    ['much of few bytes', hostile(FrameKind.RESULT, MAX_EXPANSION * 40 + 1, Buffer.alloc(40)), 'to 5120'],
    ['a bomb', hostile(FrameKind.RESULT, 4_096, Buffer.concat([bomb, Buffer.alloc(99)])), 'does not give'],
    ['one that gives less', hostile(FrameKind.RESULT, 10_001, pad(valid)), 'gives 10000 bytes'],
    ['one that gives more', hostile(FrameKind.RESULT, 9_999, pad(valid)), 'does not give the 9999'],
    ['bytes that are no stream', hostile(FrameKind.RESULT, 10_000, Buffer.alloc(200, 0xa7)), 'does not give'],
    [
      'half a stream',
      hostile(FrameKind.CALL, 20_000, brotli.compress(noise(20_000), 1).subarray(0, 700)),
      'does not give',
    ],
  ];
  for (const [what, body, message] of refused) {
    it(`are refused: ${what}`, () => {
      expect(() => decompress(body))
        .to.throw(RemoteCallError, message)
        .with.property('code', 'PROTOCOL_ERROR');
    });
  }

  it('are refused before they are decompressed when they claim more than the receiver takes', () => {
    const codec: BodyCodec = {
      ...brotli,
      decompress: () => {
        throw new Error('it was decompressed');
      },
    };
    const body = hostile(FrameKind.RESULT, 10_000, pad(valid));
    expect(() => decompress(body, { codec, maxFrameBytes: 9_999 })).to.throw('to 9999 are allowed');
    expect(() => decompress(hostile(FrameKind.RESULT, 2 ** 31, valid), { ...LIMITS, codec })).to.throw(
      'are allowed',
    );
  });

  it('give their length or PROTOCOL_ERROR, whatever the bytes', () => {
    const body = Buffer.from(compressed(FrameKind.RESULT, noise(20_000))).subarray(FRAME_HEADER_BYTES);
    const mutated = fc
      .array(fc.tuple(fc.nat(body.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 })
      .map((changes) => {
        const bytes = Buffer.from(body);
        for (const [at, value] of changes) bytes[at] = value;
        return bytes;
      });
    const random = fc
      .tuple(fc.nat(25), fc.integer({ min: 4_000, max: 70_000 }), fc.uint8Array({ maxLength: 600 }))
      .map(([kind, claimed, bytes]) => hostile(kind, claimed, bytes));
    fc.assert(
      fc.property(fc.oneof(mutated, random), (bytes) => {
        try {
          const frame = decompress(bytes);
          expect(frame.body.length).to.equal(bytes.readUInt32LE(1));
        } catch (error) {
          expect(error).to.be.instanceOf(RemoteCallError).with.property('code', 'PROTOCOL_ERROR');
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** As a sender pads what shrinks very much. */
function pad(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(200)]);
}

/** Half random, so that it shrinks a little. */
function noise(size: number): Buffer {
  let seed = 1;
  return Buffer.from(
    Array.from({ length: size }, () => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return (seed >>> 16) & 15;
    }),
  );
}
