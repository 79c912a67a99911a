import { expect } from 'chai';
import fc from 'fast-check';
import { Reader } from './reader.js';
import { MalformedInput, MessageTooLarge } from './violations.js';
import { beginText, closeText, endText, openText, readText } from './wire-text.js';
import { Writer } from './writer.js';

/** A message without fields. */
function written(texts: readonly string[], writer = new Writer(undefined, 16)): Buffer {
  const start = writer.position;
  const end = beginText(writer);
  endText(writer, start, end, texts.join(''));
  return Buffer.from(writer.bytes.subarray(start, writer.position));
}

function read(bytes: Buffer, lengths: readonly number[]): string[] {
  const reader = new Reader(bytes);
  const end = openText(reader);
  const texts = lengths.map((length) => readText(reader, length));
  closeText(reader, reader.position, end);
  reader.finish();
  return texts;
}

const lengthsOf = (texts: readonly string[]): number[] => texts.map(({ length }) => length);
const ASCII = fc.string({ unit: 'binary-ascii', maxLength: 3000 });
const ANY = fc.string({ unit: 'binary', maxLength: 3000 });

describe('the text of a message', () => {
  it('gives every string back, as windows or as a whole', () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(ASCII), fc.array(ANY)), (texts) => {
        const wellFormed = texts.map((text) => Buffer.from(text).toString());
        expect(read(written(texts), lengthsOf(texts))).to.deep.equal(wellFormed);
      }),
    );
  });

  it('reads strings that are longer than a window', () => {
    const texts = ['a'.repeat(5000), 'b', '', 'c'.repeat(4096), 'd'.repeat(3000), 'e'.repeat(3000)];
    expect(read(written(texts), lengthsOf(texts))).to.deep.equal(texts);
  });

  it('does not let halves of a character that meet in it become one', () => {
    expect(read(written(['a\ud83d', '\ude00b']), [2, 2])).to.deep.equal(['a\ufffd', '\ufffdb']);
    expect(read(written(['\ud83d\ude00', '\ude00']), [2, 1])).to.deep.equal(['\ud83d\ude00', '\ufffd']);
  });

  it('stays within the limit of its writer', () => {
    for (const text of ['a'.repeat(100), 'é'.repeat(50)]) {
      expect(written([text], new Writer(104, 1))).to.have.length(104);
      expect(() => written([text], new Writer(103, 1)))
        .to.throw(MessageTooLarge)
        .with.property('limit', 103);
    }
  });

  const malformed: readonly [string, Buffer, readonly number[]][] = [
    ['no header', Buffer.from([0, 0, 0]), []],
    ['fields past the end', Buffer.from([2, 0, 0, 0]), []],
    ['fields of 2 GiB', Buffer.from([255, 255, 255, 255, 1]), []],
    ['text that nobody reads', written(['abc']), [2]],
    ['wide text that nobody reads', written(['äbc']), [2]],
    ['less text than the fields say', written(['abc']), [2, 2]],
    ['less wide text than the fields say', written(['äbc']), [2, 2]],
    ['a string of 2^32 characters', written(['abc']), [2 ** 32]],
  ];
  for (const [what, bytes, lengths] of malformed) {
    it(`refuses ${what}`, () => {
      expect(() => read(bytes, lengths)).to.throw(MalformedInput);
    });
  }
});
