import { expect } from 'chai';
import fc from 'fast-check';
import { hashKey } from './key-hash.js';
import { MAX_KEY_LENGTH, type RoutingKey, RoutingKeyError, type RoutingKeyPart } from './routing-key.js';

/** By a reference implementation of MurmurHash3 (of the strings: mmh3), for what docs/routing.md says is hashed. */
const KNOWN: readonly (readonly [RoutingKey, number])[] = [
  ['', 0],
  ['a', 1867108634],
  ['ann', 3585519097],
  ['user-1', 2429978192],
  ['ключ', 3797877012],
  ['#1', 552481157],
  [0, 31876018],
  [1, 1273726415],
  [-1, 398233343],
  [42, 648442705],
  [2 ** 32, 4027494342],
  [-(2 ** 32) - 1, 2450640369],
  [2 ** 53 - 1, 1038452223],
  [-(2 ** 53) + 1, 672741026],
  [0.5, 3036813974],
  [-0.5, 2702894749],
  [1e21, 322160734],
  [5e-324, 2153448555],
  [2n ** 53n, 218433396],
  [-(2n ** 53n), 2938269378],
  [10n ** 30n, 1689536458],
  [['ann', 7], 3545506050],
  [['ann'], 429709307],
  [[], 387276957],
  [{ room: 7, user: 'ann' }, 908002891],
];

const part = (): fc.Arbitrary<RoutingKeyPart> =>
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.bigInt(),
  );
const isHash = (hash: number) => Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32;

describe('hashKey', () => {
  it('is fixed: assignments and stored state depend on these very values', () => {
    for (const [key, hash] of KNOWN) expect(hashKey(key), String(key)).to.equal(hash);
  });

  it('gives an unsigned 32-bit integer for any key', () => {
    const keys = fc.oneof(
      part(),
      fc.array(part(), { maxLength: 32 }),
      fc.dictionary(fc.string(), part(), { maxKeys: 32 }),
    );
    fc.assert(fc.property(keys, (key) => isHash(hashKey(key))));
  });

  it('takes an integer for the same key whether it is a number or a bigint, and 0 for -0', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(hashKey(value)).to.equal(hashKey(BigInt(value)));
        expect(hashKey([value])).to.equal(hashKey([BigInt(value)]));
      }),
    );
    expect(hashKey(-0)).to.equal(hashKey(0));
  });

  it('does not depend on the order of a record’s fields', () => {
    const record = fc.uniqueArray(fc.tuple(fc.string(), part()), {
      selector: ([name]) => name,
      maxLength: 8,
    });
    fc.assert(
      fc.property(
        record.chain((fields) =>
          fc.tuple(fc.constant(fields), fc.shuffledSubarray(fields, { minLength: fields.length })),
        ),
        ([fields, shuffled]) => {
          expect(hashKey(Object.fromEntries(shuffled))).to.equal(hashKey(Object.fromEntries(fields)));
        },
      ),
    );
  });

  it('tells apart what differs in kind, place or name', () => {
    const distinct: readonly RoutingKey[] = [
      ...[1, '1', 1.5, '1.5', ['1'], [1], [1, ''], ['', 1], ['a', 'b'], ['b', 'a'], ['ab'], ['ab', '']],
      ...[{ 0: 'a', 1: 'b' }, { a: 'b' }, { b: 'a' }, { a: '' }, {}, [], '', 0, -(2n ** 53n)],
      ...[2 ** 53, 2n ** 53n, '#1', 2n ** 64n, 2n ** 96n, [0], [0, 0], [0, 0, 0]],
    ];
    expect(new Set(distinct.map(hashKey)).size).to.equal(distinct.length);
  });

  it('spreads keys evenly over the space', () => {
    const kinds: readonly ((index: number) => RoutingKey)[] = [
      (index) => `user-${index}`,
      (index) => index,
      (index) => index * 65_536,
      (index) => index + 0.5,
      (index) => ['shop', index],
      (index) => ({ shop: 'main', user: `u${index}` }),
      (index) => 2n ** 70n + BigInt(index),
    ];
    for (const keyOf of kinds) {
      const buckets = new Array<number>(16).fill(0);
      for (let index = 0; index < 16_000; index++) {
        const bucket = hashKey(keyOf(index)) >>> 28;
        buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      }
      for (const count of buckets) expect(count, String(keyOf)).to.be.within(850, 1150);
    }
  });
});

describe('checkRoutingKey', () => {
  const refusal = (key: unknown): string => {
    try {
      hashKey(key as RoutingKey);
    } catch (reason) {
      expect(reason).to.be.instanceOf(RoutingKeyError);
      return (reason as RoutingKeyError).message;
    }
    throw new Error(`${String(key)} is taken for a key`);
  };

  it('refuses what cannot be a key, and says what it is and what may be returned', () => {
    const allowed = / a key is a string, a finite number, a bigint, or a flat tuple or record/;
    expect(refusal(Number.NaN))
      .to.match(/^is NaN;/)
      .and.match(allowed);
    expect(refusal(Number.POSITIVE_INFINITY)).to.match(/^is Infinity;/);
    expect(refusal(undefined))
      .to.match(/^is undefined;/)
      .and.match(allowed);
    expect(refusal(null)).to.match(/^is null;/);
    expect(refusal(true)).to.match(/^is the boolean true;/);
    expect(refusal(() => 'x')).to.match(/^is a function;/);
    expect(refusal(new Date())).to.match(/^is an instance of Date;/);
    expect(refusal(Promise.resolve('x'))).to.match(/^is an instance of Promise;/);
  });

  it('names the part of a tuple or record that cannot be in it', () => {
    expect(refusal({ id: 1, load: () => 1 })).to.match(
      /^has at \.load a function; the values of a tuple or record/,
    );
    expect(refusal({ id: undefined })).to.match(/^has at \.id undefined;/);
    expect(refusal(['a', ['b']])).to.match(/^has at \[1\] an array;/);
    expect(refusal(['a', { b: 1 }])).to.match(/^has at \[1\] an object \(Object\);/);
    expect(refusal([Number.NaN])).to.match(/^is NaN;/);
  });

  it('bounds the size of a key', () => {
    expect(refusal('x'.repeat(10 * 1024 * 1024))).to.match(/^is 10485760 characters long; at most 8192 /);
    expect(refusal(['x'.repeat(5000), 'y'.repeat(5000)])).to.match(/^is 10000 characters long;/);
    expect(refusal({ ['x'.repeat(9000)]: 1 })).to.match(/characters long;/);
    expect(refusal(2n ** 9000n)).to.match(/characters long;/);
    expect(refusal(new Array(33).fill(1))).to.match(/^has 33 values; at most 32/);
    expect(hashKey('x'.repeat(MAX_KEY_LENGTH))).to.be.a('number');
    expect(hashKey(2n ** 8000n)).to.be.a('number');
  });
});
