import { expect } from 'chai';
import fc from 'fast-check';
import { textFunctions } from './native-text.js';

const TEXT = fc.string({ unit: 'binary', maxLength: 60 });

describe('native text functions', () => {
  const native = textFunctions(Buffer.prototype);
  const fallback = textFunctions({});

  it('are there in this Node', () => {
    for (const name of ['utf8Write', 'latin1Slice', 'utf8Slice']) {
      expect(Reflect.get(Buffer.prototype, name), name).to.be.a('function');
    }
  });

  it('write the same without them, into any room', () => {
    fc.assert(
      fc.property(TEXT, fc.nat({ max: 80 }), fc.nat({ max: 5 }), (text, room, at) => {
        const [left, right] = [Buffer.alloc(at + room + 4, 0x2e), Buffer.alloc(at + room + 4, 0x2e)];
        const length = native.writeUtf8(left, text, at, room);
        expect(fallback.writeUtf8(right, text, at, room)).to.equal(length);
        expect(length).to.be.at.most(room);
        expect(left.toString('hex')).to.equal(right.toString('hex'));
        if (room >= 3 * text.length) expect(left.subarray(at, at + length)).to.deep.equal(Buffer.from(text));
      }),
    );
  });

  it('read the same without them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(60), fc.nat(60), (array, one, other) => {
        const bytes = Buffer.from(array);
        const [start = 0, end = 0] = [one % (bytes.length + 1), other % (bytes.length + 1)].sort(
          (a, b) => a - b,
        );
        expect(fallback.sliceLatin1(bytes, start, end)).to.equal(native.sliceLatin1(bytes, start, end));
        expect(fallback.sliceUtf8(bytes, start, end)).to.equal(native.sliceUtf8(bytes, start, end));
      }),
    );
  });
});
