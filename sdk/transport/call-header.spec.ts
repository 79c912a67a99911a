import { expect } from 'chai';
import fc from 'fast-check';
import type { TraceContext } from '../call/trace-context.js';
import { Reader } from '../codec/reader.js';
import { MalformedInput, TypeViolation } from '../codec/violations.js';
import { Writer } from '../codec/writer.js';
import { decodeCallHeader, encodeCallHeader, MAX_METADATA_ENTRIES } from './call-header.js';
import type { CallHeader } from './transport.js';

function roundTrip(header: CallHeader): CallHeader {
  const writer = new Writer();
  encodeCallHeader(writer, header);
  const reader = new Reader(writer.bytes, 0, writer.position);
  const decoded = decodeCallHeader(reader);
  reader.finish();
  return { ...decoded, trace: plain(decoded.trace) };
}

function plain(trace: TraceContext | undefined): TraceContext | undefined {
  return trace && { traceId: trace.traceId, spanId: trace.spanId, sampled: trace.sampled };
}

const EMPTY: CallHeader = {
  timeoutMs: undefined,
  trace: undefined,
  metadata: undefined,
  keyHash: undefined,
};
const hex = (length: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
    .map((all) => all.join(''));

describe('Call header', () => {
  it('arrives as it was sent', () => {
    const header = fc.record({
      timeoutMs: fc.option(fc.nat(), { nil: undefined }),
      trace: fc.option(fc.record({ traceId: hex(32), spanId: hex(16), sampled: fc.boolean() }), {
        nil: undefined,
      }),
      keyHash: fc.option(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { nil: undefined }),
      metadata: fc.option(
        fc
          .dictionary(fc.string({ maxLength: 30 }), fc.string({ unit: 'grapheme', maxLength: 30 }), {
            minKeys: 1,
            maxKeys: MAX_METADATA_ENTRIES,
          })
          .map((entries) => new Map(Object.entries(entries))),
        { nil: undefined },
      ),
    });
    fc.assert(
      fc.property(header, (sent) => {
        expect(roundTrip(sent)).to.deep.equal(sent);
      }),
    );
  });

  it('never makes a deadline shorter, and keeps it within the field', () => {
    expect(roundTrip({ ...EMPTY, timeoutMs: 0.2 }).timeoutMs).to.equal(1);
    expect(roundTrip({ ...EMPTY, timeoutMs: Number.POSITIVE_INFINITY }).timeoutMs).to.equal(2 ** 32 - 1);
    expect(roundTrip({ ...EMPTY, timeoutMs: -5 }).timeoutMs).to.equal(0);
  });

  it('bounds metadata', () => {
    const many = new Map(Array.from({ length: 65 }, (_, i) => [`k${i}`, 'v']));
    expect(() => roundTrip({ ...EMPTY, metadata: many })).to.throw('65 entries of metadata');
    const long = new Map([['k', 'v'.repeat(20_000)]]);
    expect(() => roundTrip({ ...EMPTY, metadata: long }))
      .to.throw('16384 bytes')
      .with.property('executed', 'no');
  });

  it('refuses trace ids that are none', () => {
    const trace = { traceId: 'z'.repeat(32), spanId: '0'.repeat(16), sampled: true };
    expect(() => roundTrip({ ...EMPTY, trace })).to.throw(TypeViolation, 'trace.traceId');
  });

  it('gives a header or MalformedInput for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          const { metadata } = decodeCallHeader(new Reader(Buffer.from(bytes)));
          expect(metadata?.size ?? 0).to.be.at.most(MAX_METADATA_ENTRIES);
        } catch (error) {
          expect(error).to.be.instanceOf(MalformedInput);
        }
      }),
    );
  });
});
