import { expect } from 'chai';
import fc from 'fast-check';
import { BUCKETS, decodeMember, encodeMember, KeyNames } from './key-names.js';
import { decodeRecord, encodeClaim, encodeRecord } from './record.js';

const key = fc.string({ unit: 'binary' }).filter((text) => !/\p{Surrogate}/u.test(text));

describe('records and names in redis', () => {
  it('gives back what was encoded', () => {
    const epoch = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    const expiresAt = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    const attempt = fc.stringMatching(/^[A-Za-z0-9_-]{16}$/);
    const schema = fc.stringMatching(/^[A-Za-z0-9_-]{12}$/);
    fc.assert(
      fc.property(
        epoch,
        attempt,
        schema,
        expiresAt,
        fc.uint8Array(),
        (number, name, schemaId, expiry, bytes) => {
          const record = encodeRecord(number, name, schemaId, { bytes, schema: '', expiresAt: expiry });
          const value = { schemaId, expiresAt: expiry, bytes: Buffer.from(bytes) };
          expect(decodeRecord(record)).to.deep.equal({ epoch: number, attempt: name, value });
          expect(record.toString('latin1', 0, 32)).to.equal(encodeClaim(number, name));
          const empty = Buffer.from(`${encodeClaim(number, name)}e`);
          expect(decodeRecord(empty)).to.deep.equal({ epoch: number, attempt: name, value: undefined });
        },
      ),
    );
  });

  it('takes nothing else for a record', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const found = decodeRecord(Buffer.from(bytes));
        if (found !== undefined) expect(found.epoch).to.satisfy(Number.isSafeInteger);
      }),
    );
    expect(decodeRecord(Buffer.from('not a record'))).to.equal(undefined);
    expect(decodeRecord(Buffer.from(`${encodeClaim(1, 'a'.repeat(16))}v`))).to.equal(undefined);
  });

  it('orders members of an index by bytes as keys by UTF-16 units, prefixes included', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(decodeMember(encodeMember(a))).to.equal(a);
        const order = a < b ? -1 : a > b ? 1 : 0;
        expect(Math.sign(Buffer.compare(encodeMember(a), encodeMember(b)))).to.equal(order);
        const whole = encodeMember(a + b);
        expect(whole.subarray(0, encodeMember(a).length)).to.deep.equal(encodeMember(a));
      }),
    );
    // By code points it would be the other way round.
    expect(Buffer.compare(encodeMember('\u{1f600}'), encodeMember('\uffee'))).to.equal(-1);
  });

  it('has all of a key in one slot, and nothing of two components in one place', () => {
    const names = new KeyNames('wd:', 'shop', 'Cart');
    const tag = (name: string) => /\{([^}]*)\}/.exec(name)?.[1];
    fc.assert(
      fc.property(key, (each) => {
        const bucket = names.bucket(each);
        expect(bucket).to.be.within(0, BUCKETS - 1);
        expect(tag(names.record('s', bucket, each))).to.equal(tag(names.index('s', bucket)));
      }),
    );
    const odd = ['a:b', 'a}b', 'a/b', 'a'].flatMap((app) =>
      ['c', 'b:c'].map((component) => new KeyNames('', app, component).schemas('s')),
    );
    expect(new Set(odd).size).to.equal(odd.length);
  });
});
