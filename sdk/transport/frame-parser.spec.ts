import { expect } from 'chai';
import fc from 'fast-check';
import { RemoteCallError } from '../errors/remote-call-error.js';
import { CHUNK_BYTES, FIRST_CHUNK_HEADER_BYTES, FRAME_HEADER_BYTES, FrameKind, frameOf } from './frame.js';
import { FrameParser } from './frame-parser.js';

const MAX_FRAME_BYTES = 10_000;

interface Frame {
  readonly kind: number;
  readonly callId: number;
  readonly body: string;
}

function encode({ kind, callId, body }: Frame): Buffer {
  return frameOf(kind as FrameKind, Buffer.from(body, 'latin1'), callId);
}

/** Cuts at the given places, taken modulo what is left. */
function chunksOf(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let rest = bytes;
  for (const cut of cuts) {
    const size = cut % (rest.length + 1);
    chunks.push(rest.subarray(0, size));
    rest = rest.subarray(size);
  }
  return [...chunks, rest];
}

function collect(into: Frame[]): FrameParser {
  return new FrameParser(MAX_FRAME_BYTES, (kind, callId, bytes, start, end) => {
    into.push({ kind, callId, body: bytes.toString('latin1', start, end) });
  });
}

const frames = fc.array(
  fc.record({
    kind: fc.integer({ min: 0, max: 255 }),
    callId: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    body: fc.oneof(
      fc.string({ maxLength: 40 }).map((text) => Buffer.from(text, 'utf8').toString('latin1')),
      fc.integer({ min: 0, max: MAX_FRAME_BYTES - FRAME_HEADER_BYTES }).map((length) => 'x'.repeat(length)),
    ),
  }),
  { maxLength: 12 },
);
const cuts = fc.array(fc.oneof(fc.nat(12), fc.nat(20_000)), { maxLength: 60 });

describe('FrameParser', () => {
  it('gives the same frames however they are cut', () => {
    fc.assert(
      fc.property(frames, cuts, (sent, where) => {
        const received: Frame[] = [];
        const parser = collect(received);
        for (const chunk of chunksOf(Buffer.concat(sent.map(encode)), where)) parser.push(chunk);
        expect(received).to.deep.equal(sent);
        expect(parser.bufferedBytes).to.equal(0);
      }),
    );
  });

  it('BOUNDED: gives the same frames however they are cut and wherever it is paused', () => {
    const pauses = fc.array(fc.boolean(), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(frames, cuts, pauses, (sent, where, pausedAt) => {
        const received: Frame[] = [];
        let handedOver = 0;
        const parser = new FrameParser(MAX_FRAME_BYTES, (kind, callId, bytes, start, end) => {
          expect(paused, 'nothing follows a pause').to.equal(false);
          received.push({ kind, callId, body: bytes.toString('latin1', start, end) });
          paused = pausedAt[handedOver++ % pausedAt.length] === true;
          if (paused) parser.pause();
        });
        let paused = false;
        for (const chunk of chunksOf(Buffer.concat(sent.map(encode)), where)) {
          let taken = 0;
          do {
            paused = false;
            taken += parser.push(chunk.subarray(taken));
            expect(parser.allocatedBytes).to.be.at.most(MAX_FRAME_BYTES);
            expect(taken === chunk.length || paused, 'only a pause leaves bytes').to.equal(true);
          } while (taken < chunk.length);
        }
        expect(received).to.deep.equal(sent);
        expect(parser.bufferedBytes).to.equal(0);
      }),
    );
  });

  it('gives the same frames byte by byte, from one buffer that is reused', () => {
    const sent = [
      { kind: 4, callId: 70_000, body: 'abc' },
      { kind: 6, callId: 1, body: '' },
    ];
    const received: Frame[] = [];
    const parser = collect(received);
    const shared = Buffer.alloc(8);
    for (const byte of Buffer.concat(sent.map(encode))) {
      shared[0] = byte;
      parser.push(shared, 1);
    }
    expect(received).to.deep.equal(sent);
  });

  it('holds no more than a frame, whatever it is fed', () => {
    fc.assert(
      fc.property(frames, cuts, fc.array(fc.tuple(fc.nat(), fc.nat(255))), (sent, where, mutations) => {
        const bytes = Buffer.concat(sent.map(encode));
        for (const [at, value] of mutations) if (bytes.length > 0) bytes[at % bytes.length] = value;
        const parser = collect([]);
        try {
          for (const chunk of chunksOf(bytes, where)) {
            parser.push(chunk);
            expect(parser.allocatedBytes).to.be.at.most(MAX_FRAME_BYTES);
          }
        } catch (error) {
          expect(error).to.be.instanceOf(RemoteCallError).with.property('code', 'PROTOCOL_ERROR');
        }
      }),
    );
  });

  it('survives random bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
        const parser = collect([]);
        try {
          for (const chunk of chunks) parser.push(Buffer.from(chunk));
        } catch (error) {
          expect(error).to.be.instanceOf(RemoteCallError).with.property('code', 'PROTOCOL_ERROR');
        }
      }),
    );
  });

  it('refuses a hostile length before anything is allocated for it', () => {
    const parser = collect([]);
    expect(() => parser.push(Buffer.from([0xff, 0xff, 0xff, 0xff]))).to.throw('4294967299 bytes');
    expect(parser.allocatedBytes).to.equal(0);
    expect(() => collect([]).push(Buffer.from([4, 0, 0, 0]))).to.throw('a frame claims 8 bytes');
  });

  it('allocates as a frame arrives, not as it claims', () => {
    const parser = new FrameParser(2 ** 24, () => {});
    parser.push(Buffer.from([0, 0, 0xf0, 0, 1, 2, 3]));
    expect(parser.allocatedBytes).to.be.below(10_000);
  });

  it('gathers one whole chunk after the other in one buffer', () => {
    const gathered = new Set<ArrayBufferLike>();
    const parser = new FrameParser(2 ** 24, (_kind, _callId, bytes) => gathered.add(bytes.buffer));
    const frame = frameOf(FrameKind.FIRST_CHUNK, Buffer.alloc(FIRST_CHUNK_HEADER_BYTES + CHUNK_BYTES), 1);
    for (let i = 0; i < 3; i++) {
      parser.push(frame.subarray(0, 50_000));
      parser.push(frame.subarray(50_000));
    }
    expect(gathered.size).to.equal(1);
  });

  it('hands over nothing after it was stopped', () => {
    const received: number[] = [];
    const parser = new FrameParser(MAX_FRAME_BYTES, (kind) => {
      received.push(kind);
      parser.stop();
    });
    const two = Buffer.concat([frameOf(1, Buffer.alloc(0)), frameOf(2, Buffer.alloc(0))]);
    parser.push(two);
    parser.push(two);
    expect(received).to.deep.equal([1]);
    expect(parser.bufferedBytes).to.equal(0);
  });
});
