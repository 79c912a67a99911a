import { expect } from 'chai';
import fc from 'fast-check';
import { Reader } from './reader.js';
import { MalformedInput } from './violations.js';
import { MAX_SMALL_NUMBER, readCount, readNumber, writeCount, writeNumber } from './wire-numbers.js';

function numberBytes(value: number): Buffer {
  const bytes = Buffer.alloc(9);
  return bytes.subarray(0, writeNumber(bytes, 0, value));
}

function readBack(bytes: Buffer): number {
  const first = bytes[0] ?? 0;
  if (first <= MAX_SMALL_NUMBER) return first;
  const reader = new Reader(bytes);
  const value = readNumber(reader, 1, first);
  reader.finish();
  return value;
}

describe('numbers on the wire', () => {
  it('come back bit for bit', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger()), (value) => {
        expect(Object.is(readBack(numberBytes(value)), value)).to.equal(true);
      }),
    );
  });

  const sizes: readonly [number, number][] = [
    [0, 1],
    [250, 1],
    [251, 5],
    [-1, 5],
    [2 ** 31 - 1, 5],
    [2 ** 31, 9],
    [-0, 9],
    [0.5, 9],
  ];
  for (const [value, size] of sizes) {
    it(`take ${size} bytes for ${Object.is(value, -0) ? '-0' : value}`, () => {
      expect(numberBytes(value)).to.have.length(size);
      expect(Object.is(readBack(numberBytes(value)), value)).to.equal(true);
    });
  }

  it('have no other form', () => {
    for (const form of [251, 252, 253]) {
      expect(() => readBack(Buffer.from([form, 0, 0, 0, 0, 0, 0, 0, 0]))).to.throw(MalformedInput, 'form');
    }
  });
});

describe('counts on the wire', () => {
  it('come back', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 32 - 1 }), (count) => {
        const bytes = Buffer.alloc(5);
        const end = writeCount(bytes, 0, count);
        const first = bytes[0] ?? 0;
        const reader = new Reader(bytes, 0, end);
        expect(first < 0x80 ? first : readCount(reader, 1, first)).to.equal(count);
        if (first >= 0x80) reader.finish();
      }),
    );
  });

  it('end', () => {
    expect(() => readCount(new Reader(Buffer.alloc(9, 0x80)), 1, 0x80)).to.throw(
      MalformedInput,
      'without end',
    );
    expect(() => readCount(new Reader(Buffer.from([0x80])), 1, 0x80)).to.throw(MalformedInput);
  });
});
