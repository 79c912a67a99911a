import avro from 'avsc';
import { expect } from 'chai';
import fc from 'fast-check';
import { ValueMismatch, valueJson } from './value-json.js';

const record = (...fields: object[]) => ({ type: 'record', name: 'R', fields });
const BIGINT = { type: 'bytes', logicalType: 'bigint' };
const DATE = { type: 'long', logicalType: 'timestamp-millis' };
const ENUM = { type: 'enum', name: 'E', symbols: ['a', 'b'] };
/** All that the build makes, within each other. */
const SCHEMA = record(
  { name: 'text', type: 'string' },
  { name: 'number', type: 'double' },
  { name: 'flag', type: 'boolean' },
  { name: 'nothing', type: 'null' },
  { name: 'big', type: BIGINT },
  { name: 'raw', type: 'bytes', originalName: 'the raw' },
  { name: 'at', type: DATE },
  { name: 'kind', type: ENUM },
  { name: 'list', type: { type: 'array', items: ['null', 'double'] } },
  { name: 'by', type: { type: 'map', values: ['null', 'string', 'double', 'bytes', 'E'] } },
  { name: 'maybe', type: ['null', 'R'], default: null },
  { name: 'tagged', type: ['string'] },
);

const type = avro.Type.forSchema(structuredClone(SCHEMA) as avro.Schema, {
  wrapUnions: 'always',
  omitRecordMethods: true,
});
const json = valueJson(JSON.stringify(SCHEMA));

const number = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, -0, Number.POSITIVE_INFINITY));
const bytes = fc.uint8Array({ maxLength: 20 }).map((given) => Buffer.from(given));
const bigint = bytes
  .filter(({ length }) => length > 0)
  .map((given) => {
    // The least bytes: as the codec writes it, so that it comes back the same.
    let least = given;
    while (least.length > 1 && BigInt.asIntN(least.length * 8 - 8, asBigint(least)) === asBigint(least))
      least = least.subarray(1);
    return least;
  });
function asBigint(given: Buffer): bigint {
  return BigInt.asIntN(given.length * 8, BigInt(`0x${given.toString('hex')}`));
}
const key = fc.constantFrom('a', 'ä b', '', 'double', 'constructor');
const { value } = fc.letrec<{ value: object; maybe: object | null }>((tie) => ({
  maybe: fc.option(
    tie('value').map((R) => ({ R })),
    { maxDepth: 2 },
  ),
  value: fc.record({
    text: fc.string({ unit: 'grapheme' }),
    number,
    flag: fc.boolean(),
    nothing: fc.constant(null),
    big: bigint,
    raw: bytes,
    at: fc.date({ noInvalidDate: true }).map((date) => date.getTime()),
    kind: fc.constantFrom('a', 'b'),
    list: fc.array(fc.option(number.map((double) => ({ double })))),
    by: fc
      .array(
        fc.tuple(
          key,
          fc.oneof(
            fc.constant(null),
            fc.string().map((string) => ({ string })),
            number.map((double) => ({ double })),
            bytes.map((given) => ({ bytes: given })),
            fc.constant({ E: 'a' }),
          ),
        ),
      )
      .map((entries) => Object.fromEntries(entries)),
    maybe: tie('maybe'),
    tagged: fc.string().map((string) => ({ string })),
  }),
}));

describe('values as JSON', () => {
  it('come back as they were, through text', () => {
    fc.assert(
      fc.property(value, (given) => {
        const before = type.toBuffer(given);
        const text = JSON.stringify(json.toJson(before));
        expect(json.toBytes(JSON.parse(text))).to.deep.equal(before);
      }),
    );
  });

  it('are such as one can read', () => {
    const given = {
      text: 'x',
      number: Number.NaN,
      flag: true,
      nothing: null,
      big: Buffer.from('ff00', 'hex'),
      raw: Buffer.from([1, 2]),
      at: 0,
      kind: 'b',
      list: [null, { double: 1 }],
      by: { a: { string: 's' } },
      maybe: null,
      tagged: { string: 't' },
    };
    expect(json.toJson(type.toBuffer(given))).to.deep.equal({
      text: 'x',
      number: 'NaN',
      flag: true,
      nothing: null,
      big: '-256',
      'the raw': 'AQI=',
      at: '1970-01-01T00:00:00.000Z',
      kind: 'b',
      list: [null, 1],
      by: { a: { string: 's' } },
      tagged: 't',
    });
  });

  const refusals: readonly (readonly [schema: unknown, json: unknown, message: string])[] = [
    ['double', '5', 'the value must be a number, not "5"'],
    [record({ name: 'n', type: 'double' }), {}, '`n` must be a number, not absent'],
    [record({ name: 'n', type: 'double' }), { n: 1, m: 2 }, '`m` must be absent: the fields are n, not 2'],
    [
      { type: 'array', items: BIGINT },
      ['1', '1.5'],
      '`[1]` must be a bigint as a string such as "12", not "1.5"',
    ],
    [{ type: 'map', values: DATE }, { x: 'noon' }, '`x` must be a time such as'],
    ['bytes', 'a', 'must be bytes as base64'],
    [ENUM, 'c', 'must be one of a, b, not "c"'],
    [['null', 'string', 'double'], 'x', 'must be null or {"string": …} or {"double": …}, not "x"'],
    ['null', 0, 'must be null'],
    ['string', null, 'must be a string, not null'],
  ];
  for (const [schema, given, message] of refusals)
    it(`refuses ${JSON.stringify(given)}: ${message}`, () => {
      expect(() => valueJson(JSON.stringify(schema)).toBytes(given)).to.throw(ValueMismatch, message);
    });
});
