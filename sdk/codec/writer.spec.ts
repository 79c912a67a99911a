import { expect } from 'chai';
import fc from 'fast-check';
import { Reader } from './reader.js';
import { MessageTooLarge } from './violations.js';
import { Writer } from './writer.js';

function written(write: (writer: Writer) => void, initialBytes = 1): string {
  const writer = new Writer(undefined, initialBytes);
  write(writer);
  return writer.bytes.toString('hex', 0, writer.position);
}

describe('Writer', () => {
  const longs: readonly [number, string][] = [
    [0, '00'],
    [-0, '00'],
    [-1, '01'],
    [1, '02'],
    [-64, '7f'],
    [64, '8001'],
    [8191, 'fe7f'],
    [8192, '808001'],
    [2 ** 31 - 1, 'feffffff0f'],
    [-(2 ** 31), 'ffffffff0f'],
    [2 ** 31, '8080808010'],
    [Number.MAX_SAFE_INTEGER, 'feffffffffffff1f'],
    [Number.MIN_SAFE_INTEGER, 'fdffffffffffff1f'],
  ];
  for (const [value, bytes] of longs) {
    it(`writes the long ${value} as ${bytes}`, () => {
      expect(written((writer) => writer.writeLong(value))).to.equal(bytes);
    });
  }

  it('writes every safe integer so that it reads back', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer()), (value) => {
        const writer = new Writer(undefined, 1);
        writer.writeLong(value);
        const reader = new Reader(writer.bytes, 0, writer.position);
        expect(reader.readLong()).to.equal(value);
        reader.finish();
      }),
    );
  });

  it('refuses a long that a double cannot hold exactly', () => {
    for (const value of [2 ** 53, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new Writer().writeLong(value), `${value}`).to.throw(RangeError, 'safe integer');
    }
  });

  const bigints: readonly [bigint, string][] = [
    [0n, '0200'],
    [1n, '0201'],
    [127n, '027f'],
    [128n, '040080'],
    [255n, '0400ff'],
    [-1n, '02ff'],
    [-128n, '0280'],
    [-129n, '04ff7f'],
    [2n ** 64n, '12010000000000000000'],
  ];
  for (const [value, bytes] of bigints) {
    it(`writes the bigint ${value} as ${bytes}`, () => {
      expect(written((writer) => writer.writeBigint(value))).to.equal(bytes);
    });
  }

  it('writes doubles bit for bit', () => {
    expect(written((writer) => writer.writeDouble(-0))).to.equal('0000000000000080');
    expect(written((writer) => writer.writeDouble(Number.POSITIVE_INFINITY))).to.equal('000000000000f07f');
    expect(written((writer) => writer.writeDouble(Number.NaN))).to.equal('000000000000f87f');
  });

  it('writes strings as UTF-8, whatever their length', () => {
    const anyLength = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.string({ unit: 'binary', minLength: 1000, maxLength: 1050, size: 'max' }),
    );
    fc.assert(
      fc.property(anyLength, (value) => {
        const writer = new Writer(undefined, 1);
        writer.writeString(value);
        const utf8 = Buffer.from(value);
        const reader = new Reader(writer.bytes, 0, writer.position);
        expect(reader.readLong()).to.equal(utf8.length);
        expect(reader.readRaw(utf8.length)).to.deep.equal(utf8);
        reader.finish();
      }),
    );
  });

  it('replaces lone surrogates', () => {
    const writer = new Writer();
    writer.writeString('a\ud800b');
    expect(new Reader(writer.bytes).readString()).to.equal('a\ufffdb');
  });

  it('writes up to its limit and not a byte more', () => {
    const writes: readonly [string, number, (writer: Writer) => void][] = [
      ['boolean', 1, (writer) => writer.writeBoolean(true)],
      ['one-byte long', 1, (writer) => writer.writeLong(63)],
      ['two-byte long', 2, (writer) => writer.writeLong(64)],
      ['three-byte long', 3, (writer) => writer.writeLong(8192)],
      ['four-byte long', 4, (writer) => writer.writeLong(2 ** 20)],
      ['five-byte long', 5, (writer) => writer.writeLong(2 ** 30)],
      ['eight-byte long', 8, (writer) => writer.writeLong(Number.MAX_SAFE_INTEGER)],
      ['double', 8, (writer) => writer.writeDouble(1)],
      ['short string', 4, (writer) => writer.writeString('abc')],
      ['short string beyond ASCII', 3, (writer) => writer.writeString('é')],
      ['long string', 102, (writer) => writer.writeString('a'.repeat(100))],
      ['bytes', 4, (writer) => writer.writeBytes(new Uint8Array(3))],
      ['bigint', 3, (writer) => writer.writeBigint(128n)],
      ['uint16', 2, (writer) => writer.writeUint16(1)],
      ['uint32', 4, (writer) => writer.writeUint32(1)],
    ];
    for (const [name, length, write] of writes) {
      const writer = new Writer(10 + length, 1);
      writer.writeRaw(new Uint8Array(10));
      write(writer);
      expect(writer.position, name).to.equal(10 + length);
      const tight = new Writer(10 + length - 1, 1);
      tight.writeRaw(new Uint8Array(10));
      expect(() => write(tight), name)
        .to.throw(MessageTooLarge)
        .with.property('limit', 10 + length - 1);
    }
  });

  it('lets a frame be written in front of, patched, and rolled back', () => {
    const writer = new Writer();
    writer.writeUint8(7);
    const start = writer.position;
    writer.writeUint32(0);
    writer.writeString('payload '.repeat(1000));
    writer.patchUint32(start, writer.position - start - 4);
    const reader = new Reader(writer.bytes, start, writer.position);
    expect(reader.readUint32()).to.equal(reader.remaining);
    writer.position = start;
    writer.writeUint16(0x0201);
    expect(writer.bytes.toString('hex', 0, writer.position)).to.equal('070102');
    expect(() => writer.patchUint32(0, 1)).to.throw(RangeError);
  });

  it('gives a buffer that grew large back at reset', () => {
    const writer = new Writer();
    writer.reserve(4 * 1024 * 1024);
    expect(writer.bytes.length).to.be.at.least(4 * 1024 * 1024);
    writer.reset();
    expect(writer.position).to.equal(0);
    expect(writer.bytes.length).to.be.at.most(1024 * 1024);
  });
});
