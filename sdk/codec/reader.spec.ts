import { expect } from 'chai';
import fc from 'fast-check';
import { Reader } from './reader.js';
import { MalformedInput } from './violations.js';
import { Writer } from './writer.js';

function reader(hex: string): Reader {
  return new Reader(Buffer.from(hex, 'hex'));
}

describe('Reader', () => {
  it('reads bigints of any size and sign', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }), (value) => {
        const writer = new Writer();
        writer.writeBigint(value);
        expect(new Reader(writer.bytes, 0, writer.position).readBigint()).to.equal(value);
      }),
    );
  });

  it('hands out bytes that do not change with the buffer', () => {
    const buffer = Buffer.from('06010203', 'hex');
    const bytes = new Reader(buffer).readBytes();
    buffer.fill(0);
    expect(bytes).to.deep.equal(new Uint8Array([1, 2, 3]));
    expect(Object.getPrototypeOf(bytes)).to.equal(Uint8Array.prototype);
  });

  it('stays within its part of the buffer', () => {
    const part = new Reader(Buffer.from('0102030405', 'hex'), 1, 3);
    expect(part.remaining).to.equal(2);
    expect(part.readUint16()).to.equal(0x0302);
    part.finish();
    expect(() => part.readUint8()).to.throw(MalformedInput, 'ends at 3');
    expect(() => reader('00').finish()).to.throw(MalformedInput, 'left over');
  });

  const malformed: readonly [string, string, (reader: Reader) => unknown][] = [
    ['a boolean that is neither 0 nor 1', '02', (r) => r.readBoolean()],
    ['a missing boolean', '', (r) => r.readBoolean()],
    ['a truncated long', '80', (r) => r.readLong()],
    ['a long beyond the safe integers', 'ffffffffffffffffff01', (r) => r.readLong()],
    ['2^53', '8080808080808020', (r) => r.readLong()],
    ['a long without end', '80'.repeat(100), (r) => r.readLong()],
    ['a truncated double', '00000000000000', (r) => r.readDouble()],
    ['a string past the end', '0461', (r) => r.readString()],
    ['a string of negative length', '01', (r) => r.readString()],
    ['a string of 2^40 bytes', '808080808080010161', (r) => r.readString()],
    ['bytes past the end', 'feffffffffff01', (r) => r.readBytes()],
    ['an empty bigint', '00', (r) => r.readBigint()],
    ['a date beyond time', 'feffffffffffff1f', (r) => r.readDate()],
    ['a branch that is not there', '04', (r) => r.readIndex(2)],
    ['a negative branch', '01', (r) => r.readIndex(2)],
    ['more items than bytes', '0800', (r) => r.readBlockCount(1)],
    ['more large items than bytes', '0400000000000000', (r) => r.readBlockCount(8)],
    ['a negative count of more items than bytes', '070200', (r) => r.readBlockCount(1)],
    ['a block larger than what is left', '01080000', (r) => r.readBlockCount(1)],
    ['a truncated uint16', '00', (r) => r.readUint16()],
    ['a truncated uint32', '000000', (r) => r.readUint32()],
  ];
  for (const [what, hex, read] of malformed) {
    it(`refuses ${what}`, () => {
      expect(() => read(reader(hex))).to.throw(MalformedInput);
    });
  }

  it('reads block counts with and without a byte size', () => {
    expect(reader('0400000000').readBlockCount(1)).to.equal(2);
    const sized = reader('03040000');
    expect(sized.readBlockCount(1)).to.equal(2);
    expect(sized.remaining).to.equal(2);
  });

  it('gives a value or MalformedInput for any bytes', () => {
    const reads: readonly ((reader: Reader) => unknown)[] = [
      (r) => r.readBoolean(),
      (r) => r.readLong(),
      (r) => r.readDouble(),
      (r) => r.readString(),
      (r) => r.readBytes(),
      (r) => r.readBigint(),
      (r) => r.readDate(),
      (r) => r.readIndex(3),
      (r) => r.readBlockCount(1),
    ];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.constantFrom(...reads), (bytes, read) => {
        const over = new Reader(Buffer.from(bytes));
        try {
          read(over);
        } catch (error) {
          expect(error).to.be.instanceOf(MalformedInput);
        }
        expect(over.position).to.be.within(0, bytes.length);
      }),
    );
  });
});
