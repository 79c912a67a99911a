import { expect } from 'chai';
import fc from 'fast-check';
import type { Shape } from '../../sdk/codec/shape.js';
import { unite } from './unite.js';

const leaf: fc.Arbitrary<Shape> = fc.oneof(
  fc.constantFrom<Shape>(
    { kind: 'null' },
    { kind: 'undefined' },
    { kind: 'boolean' },
    { kind: 'number' },
    { kind: 'string' },
    { kind: 'date' },
    { kind: 'reference', name: 'A' },
    { kind: 'array', items: { kind: 'string' } },
  ),
  fc
    .uniqueArray(fc.constantFrom<string | number | boolean>('a', 'b', 1, 2, true, false), { minLength: 1 })
    .map((values): Shape => ({ kind: 'literal', values })),
);

describe('unite', () => {
  it('of one shape is that shape', () => {
    expect(unite([{ kind: 'date' }])).to.deep.equal({ kind: 'date' });
  });

  it('collects literals in one branch, and makes true | false a boolean', () => {
    const literal = (...values: (string | number | boolean)[]): Shape => ({ kind: 'literal', values });
    expect(unite([literal('b'), literal(true), literal('a'), literal(false)])).to.deep.equal({
      kind: 'union',
      branches: [{ kind: 'boolean' }, literal('a', 'b')],
    });
  });

  it('drops literals that a branch admits already', () => {
    expect(unite([{ kind: 'literal', values: ['none', 1] }, { kind: 'string' }])).to.deep.equal({
      kind: 'union',
      branches: [{ kind: 'string' }, { kind: 'literal', values: [1] }],
    });
    expect(unite([{ kind: 'literal', values: ['none'] }, { kind: 'string' }])).to.deep.equal({
      kind: 'string',
    });
  });

  it('does not depend on order, repetition or nesting', () => {
    fc.assert(
      fc.property(fc.array(leaf, { minLength: 1, maxLength: 6 }), fc.nat(), (shapes, at) => {
        const expected = unite(shapes);
        const cut = at % shapes.length;
        const first = shapes.slice(0, cut);
        const nested = first.length === 0 ? [] : [unite(first)];
        expect(unite([...shapes].reverse())).to.deep.equal(expected);
        expect(unite([...shapes, ...shapes])).to.deep.equal(expected);
        expect(unite([...nested, ...shapes.slice(cut)])).to.deep.equal(expected);
      }),
    );
  });
});
