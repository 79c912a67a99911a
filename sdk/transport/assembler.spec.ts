import { expect } from 'chai';
import fc from 'fast-check';
import { RemoteCallError } from '../errors/remote-call-error.js';
import { Assembler } from './assembler.js';
import { CHUNK_BYTES, FRAME_HEADER_BYTES, FrameKind, MAX_BEGUN_MESSAGES } from './frame.js';

const MAX_FRAME_BYTES = 1_000_000;

function firstChunk(kind: number, bodyBytes: number, data: number): Buffer {
  const bytes = Buffer.alloc(5 + data, 1);
  bytes[0] = kind;
  bytes.writeUInt32LE(bodyBytes, 1);
  return bytes;
}

function begin(assembler: Assembler, callId: number, bytes: Buffer): void {
  assembler.first(callId, bytes, 0, bytes.length);
}

describe('Assembler', () => {
  const refused: readonly (readonly [string, Buffer])[] = [
    ['cut off', Buffer.from([FrameKind.CALL, 0, 0])],
    ['without a byte of the message', firstChunk(FrameKind.CALL, 100_000, 0)],
    ['frames of kind 12', firstChunk(FrameKind.CANCEL, 100_000, 10)],
    ['frames of kind 17', firstChunk(FrameKind.FIRST_CHUNK, 100_000, 10)],
    ['claims 1000001 bytes', firstChunk(FrameKind.CALL, MAX_FRAME_BYTES - 8, 10)],
    ['claims 4294967304 bytes', firstChunk(FrameKind.CALL, 2 ** 32 - 1, 10)],
    [`claims ${FRAME_HEADER_BYTES + CHUNK_BYTES} bytes`, firstChunk(FrameKind.CALL, CHUNK_BYTES, 10)],
    [
      `longer than the ${CHUNK_BYTES + 1} bytes`,
      firstChunk(FrameKind.CALL, CHUNK_BYTES + 1, CHUNK_BYTES + 2),
    ],
  ];
  for (const [what, bytes] of refused) {
    it(`refuses a first chunk: ${what}`, () => {
      expect(() => begin(new Assembler(MAX_FRAME_BYTES), 1, bytes))
        .to.throw(RemoteCallError)
        .with.property('code', 'PROTOCOL_ERROR');
    });
  }

  it('allocates nothing for what is refused, and bounds what is begun', () => {
    const assembler = new Assembler(MAX_FRAME_BYTES);
    expect(() => begin(assembler, 1, firstChunk(FrameKind.CALL, 2 ** 31, 10))).to.throw('are allowed');
    expect(assembler.allocatedBytes).to.equal(0);
    for (let id = 1; id <= MAX_BEGUN_MESSAGES; id++)
      begin(assembler, id, firstChunk(FrameKind.CALL, 100_000, 10));
    expect(() => begin(assembler, 99, firstChunk(FrameKind.CALL, 100_000, 10))).to.throw(
      'begun and not ended',
    );
    expect(() => begin(assembler, 1, firstChunk(FrameKind.CALL, 100_000, 10))).to.throw('within another');
    expect(assembler.allocatedBytes).to.equal(MAX_BEGUN_MESSAGES * 100_000);
    assembler.drop(1);
    begin(assembler, 99, firstChunk(FrameKind.CALL, 100_000, 10));
    assembler.clear();
    expect([assembler.size, assembler.allocatedBytes]).to.deep.equal([0, 0]);
  });

  it('refuses chunks of no message, empty ones, and more than was claimed', () => {
    const assembler = new Assembler(MAX_FRAME_BYTES);
    const bytes = Buffer.alloc(CHUNK_BYTES + 2);
    expect(() => assembler.next(1, bytes, 0, 10)).to.throw('of no message');
    begin(assembler, 1, firstChunk(FrameKind.CALL, CHUNK_BYTES + 1, 1));
    expect(() => assembler.next(1, bytes, 3, 3)).to.throw('empty');
    expect(() => assembler.next(1, bytes, 0, CHUNK_BYTES + 1)).to.throw('longer than');
    expect(assembler.next(1, bytes, 0, CHUNK_BYTES)).to.include({ kind: FrameKind.CALL });
    expect(assembler.size).to.equal(0);
  });

  it('stays within its bounds for any bytes', () => {
    const chunk = fc.record({
      first: fc.boolean(),
      callId: fc.nat(20),
      kind: fc.nat(20),
      claims: fc.oneof(fc.integer({ min: 65_000, max: 1_100_000 }), fc.nat(2 ** 32 - 1)),
      data: fc.nat(70_000),
    });
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 60 }), (chunks) => {
        const assembler = new Assembler(MAX_FRAME_BYTES);
        for (const { first, callId, kind, claims, data } of chunks) {
          try {
            if (first) begin(assembler, callId, firstChunk(kind, claims, data));
            else assembler.next(callId, Buffer.alloc(data), 0, data);
          } catch (error) {
            expect(error).to.be.instanceOf(RemoteCallError).with.property('code', 'PROTOCOL_ERROR');
          }
          expect(assembler.size).to.be.at.most(MAX_BEGUN_MESSAGES);
          expect(assembler.allocatedBytes).to.be.at.most(MAX_BEGUN_MESSAGES * MAX_FRAME_BYTES);
        }
      }),
    );
  });
});
