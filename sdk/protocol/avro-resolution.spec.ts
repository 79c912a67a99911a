import avro from 'avsc';
import { expect } from 'chai';
import fc from 'fast-check';
import { resolveAvro } from './avro-resolution.js';

const problemOf = (from: unknown, to: unknown): string | undefined => {
  const resolution = resolveAvro(JSON.stringify(from), JSON.stringify(to));
  return resolution.kind === 'resolved' ? undefined : `${resolution.path} ${resolution.problem}`;
};
const record = (name: string, ...fields: object[]) => ({ type: 'record', name, fields });
const optional = (name: string, type: unknown) => ({ name, type: ['null', type], default: null });
const DATE = { type: 'long', logicalType: 'timestamp-millis' };
const BIGINT = { type: 'bytes', logicalType: 'bigint' };

type Leaf = string | { readonly type: string };
const PLAIN_LEAVES: readonly Leaf[] = ['null', 'boolean', 'string', 'double'];
const LEAVES: readonly Leaf[] = [...PLAIN_LEAVES, 'bytes', DATE, BIGINT];

/** Random schemas whose named types have names of their own, such as the build makes. */
const schemaOf = (leaves: readonly Leaf[]): fc.Arbitrary<unknown> =>
  fc
    .letrec<{ any: unknown; plain: Leaf }>((tie) => ({
      plain: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(...leaves),
        fc
          .subarray(['a', 'b', 'c'], { minLength: 1 })
          .map((symbols) => ({ type: 'enum', name: 'E', symbols })),
        fc.record({ type: fc.constant('array'), items: tie('any') }),
        fc.record({ type: fc.constant('map'), values: tie('any') }),
        fc
          .uniqueArray(
            fc.oneof(
              fc.record({ name: fc.constantFrom('x', 'y', 'z'), type: tie('any') }),
              fc
                .record({ name: fc.constantFrom('x', 'y', 'z'), type: tie('plain') })
                .map(({ name, type }) => (type === 'null' ? { name, type } : optional(name, type))),
            ),
            { selector: ({ name }) => name },
          )
          .map((fields) => record('R', ...fields)),
      ),
      any: fc.oneof(
        { depthSize: 'small' },
        tie('plain'),
        fc.uniqueArray(tie('plain'), {
          minLength: 1,
          maxLength: 4,
          selector: (each) => (typeof each === 'string' ? each : each.type),
        }),
      ),
    }))
    .any.map(distinctNames);

/** Numbers the names in the order in which they are met, so that each is defined once. */
function distinctNames(given: unknown): unknown {
  let count = 0;
  return JSON.parse(JSON.stringify(given), (key, value: unknown) =>
    key === 'name' && (value === 'R' || value === 'E') ? `${value}${count++}` : value,
  );
}

const typeOf = (of: unknown): avro.Type =>
  avro.Type.forSchema(structuredClone(of) as avro.Schema, { wrapUnions: 'always', omitRecordMethods: true });

/** Without the prototypes that avsc gives to records. */
const plain = (value: unknown): unknown =>
  value === null || typeof value !== 'object' || Buffer.isBuffer(value)
    ? value
    : Array.isArray(value)
      ? value.map(plain)
      : Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));

/** As a union that has a type more, which stands before all others. */
const grown = (given: unknown): unknown => [record('More'), ...[given].flat()];
const nameOf = (of: unknown): string =>
  typeof of === 'string' ? of : ((of as { name?: string }).name ?? (of as { type: string }).type);

describe('resolution of Avro schemas', () => {
  it('reads what avsc would, and gives the same values, where avsc could promote nothing', () => {
    let resolved = 0;
    fc.assert(
      fc.property(schemaOf(PLAIN_LEAVES), schemaOf(PLAIN_LEAVES), (from, to) => {
        for (const [writer, reader] of [
          [from, to],
          [from, from],
        ]) {
          const resolution = resolveAvro(JSON.stringify(writer), JSON.stringify(reader));
          if (resolution.kind === 'incompatible') continue;
          resolved++;
          const [written, read] = [typeOf(writer), typeOf(reader)];
          const resolver = read.createResolver(written); // which would throw
          const bytes = written.toBuffer(written.random());
          const converted = resolution.convert(written.fromBuffer(bytes));
          expect(converted).to.deep.equal(plain(read.fromBuffer(bytes, resolver)));
        }
      }),
      { numRuns: 500 },
    );
    expect(resolved).to.be.above(500);
  });

  it('gives the same value where nothing changed, or a union has grown', () => {
    fc.assert(
      fc.property(schemaOf(LEAVES), (given) => {
        const type = typeOf(given);
        const value = type.random();
        for (const [from, to] of [
          [given, given],
          [record('Outer', { name: 'x', type: given }), record('Outer', { name: 'x', type: grown(given) })],
        ] as const) {
          const resolution = resolveAvro(JSON.stringify(from), JSON.stringify(to));
          if (resolution.kind === 'incompatible') throw new Error(resolution.problem);
          const carried = resolution.convert(from === given ? value : { x: value });
          const [branch = ''] = [given].flat().map(nameOf);
          const expected = Array.isArray(given) || value === null ? value : { [branch]: value };
          expect(carried).to.deep.equal(plain(from === given ? value : { x: expected }));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('lets optional fields come and go, unions and enums grow, fields change their order', () => {
    const from = record('R', { name: 'a', type: 'string' }, optional('gone', 'string'), {
      name: 'kind',
      type: { type: 'enum', name: 'K', symbols: ['a', 'b'] },
    });
    const to = record(
      'R',
      { name: 'kind', type: { type: 'enum', name: 'K', symbols: ['b', 'a', 'c'] } },
      optional('came', 'double'),
      { name: 'a', type: ['double', 'string'] },
    );
    const resolution = resolveAvro(JSON.stringify(from), JSON.stringify(to));
    if (resolution.kind === 'incompatible') throw new Error(resolution.problem);
    expect(resolution.convert({ a: 'x', gone: { string: 'y' }, kind: 'b' })).to.deep.equal({
      a: { string: 'x' },
      came: null,
      kind: 'b',
    });
    expect(problemOf(to, from)).to.equal('a was number and is string');
  });

  it('names the part that does not fit, and why', () => {
    const list = (item: object) =>
      record('L', { name: 'items', originalName: 'the items', type: { type: 'array', items: item } });
    expect(problemOf(list(record('I')), list(record('I', { name: 'n', type: 'double' })))).to.equal(
      'the items[].n is not optional, and was not stored',
    );
    expect(problemOf(list(record('I')), list(record('J')))).to.equal('the items[] was I and is J');
    expect(problemOf(['null', 'string'], 'string')).to.equal(' was null and is string');
    const kind = (...all: string[]) => ({ type: 'enum', name: 'K', symbols: all });
    expect(problemOf(kind('a', 'b'), kind('a'))).to.equal(' may be b, which is not known to the reader');
  });

  it('takes no bytes for text, no time for a number, no bigint for bytes', () => {
    expect(problemOf(BIGINT, 'string')).to.equal(' was bigint and is string');
    expect(problemOf(BIGINT, 'bytes')).to.equal(' was bigint and is Uint8Array');
    expect(problemOf('string', 'bytes')).to.equal(' was string and is Uint8Array');
    expect(problemOf(DATE, 'double')).to.equal(' was Date and is number');
    const grown = resolveAvro(JSON.stringify(DATE), JSON.stringify(['double', DATE]));
    expect(grown.kind === 'resolved' && grown.convert(5)).to.deep.equal({ long: 5 });
  });

  it('resolves types that contain themselves', () => {
    const tree = (...more: object[]) =>
      record('T', { name: 'next', type: ['null', 'T'] }, { name: 'value', type: 'double' }, ...more);
    const resolution = resolveAvro(JSON.stringify(tree()), JSON.stringify(tree(optional('note', 'string'))));
    if (resolution.kind === 'incompatible') throw new Error(resolution.problem);
    expect(resolution.convert({ next: { T: { next: null, value: 2 } }, value: 1 })).to.deep.equal({
      next: { T: { next: null, value: 2, note: null } },
      value: 1,
      note: null,
    });
    expect(problemOf(tree(), tree({ name: 'must', type: 'double' }))).to.contain('must is not optional');
  });
});
