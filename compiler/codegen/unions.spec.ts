import { expect } from 'chai';
import { bindClass } from '../../sdk/codec/compiled.js';
import type { Shape } from '../../sdk/codec/shape.js';
import { TypeViolation } from '../../sdk/codec/violations.js';
import {
  BOOLEAN,
  codecOf,
  field,
  literals,
  NULL,
  NUMBER,
  object,
  reference,
  STRING,
  UNDEFINED,
  union,
} from './compile.spec.js';

describe('generated codecs of unions', () => {
  it('tell values apart by what they are', () => {
    const codec = codecOf(
      union(
        { kind: 'date' },
        { kind: 'bytes' },
        { kind: 'bigint' },
        NUMBER,
        BOOLEAN,
        STRING,
        NULL,
        UNDEFINED,
        { kind: 'array', items: NUMBER },
        { kind: 'set', items: NUMBER },
        { kind: 'map', keys: NUMBER, values: NUMBER },
        { kind: 'record', values: NUMBER },
      ),
    );
    const values = [
      new Date(5),
      new Uint8Array([1]),
      -5n,
      1.5,
      true,
      'a',
      null,
      undefined,
      [1],
      new Set([1]),
      new Map([[1, 2]]),
      { a: 1 },
    ];
    for (const value of values) expect(codec.roundTrip(value)).to.deep.equal(value);
    expect(() => codec.encode(Symbol('s'))).to.throw(TypeViolation, 'got a symbol');
  });

  it('keep null, undefined and absence apart', () => {
    const codec = codecOf(reference('O'), {
      O: object([field('a', union(STRING, NULL), true), field('b', union(STRING, NULL, UNDEFINED))]),
    });
    for (const value of [{ a: null, b: null }, { b: undefined }, { a: 'a', b: 'b' }]) {
      expect(codec.roundTrip(value)).to.deep.equal(value);
    }
  });

  it('lose no field of a union of objects with optional fields', () => {
    const definitions = {
      A: object([field('a', STRING, true)]),
      B: object([field('b', STRING, true)]),
      C: object([field('a', STRING, true), field('b', STRING, true), field('c', reference('U'), true)]),
      U: { kind: 'alias', shape: union(reference('A'), reference('B')) } as const,
    };
    const codec = codecOf(union(reference('A'), reference('B'), reference('C')), definitions);
    for (const value of [{}, { a: 'x' }, { b: 'x' }, { a: 'x', b: 'y' }, { c: { b: 'z' } }]) {
      expect(codec.roundTrip(value)).to.deep.equal(value);
    }
    expect(codec.roundTrip({ a: undefined, b: 'x' })).to.deep.equal({ b: 'x' });
    expect(codec.roundTrip({ b: 'x', unknown: 1 })).to.deep.equal({ b: 'x' });
  });

  it('go by a discriminant, and name the place within the branch', () => {
    const codec = codecOf(union(reference('Circle'), reference('Square')), {
      Circle: object([field('kind', literals('circle')), field('size', NUMBER)]),
      Square: object([field('kind', literals('square', 'box')), field('size', NUMBER)]),
    });
    const box = { kind: 'box', size: 2 };
    expect(codec.roundTrip(box)).to.deep.equal(box);
    expect(() => codec.encode({ kind: 'circle', size: '2' }))
      .to.throw(TypeViolation)
      .with.property('path', 'size');
    expect(() => codec.encode({ kind: 'line' })).to.throw(
      TypeViolation,
      'kind: expected "circle" | "square" | "box", got string "line"',
    );
  });

  it('go by the class, the most derived first', () => {
    class Base {
      constructor(readonly x: number) {}
    }
    class Derived extends Base {}
    bindClass('unions#Base', Base);
    bindClass('unions#Derived', Derived);
    const codec = codecOf(union(reference('Base'), reference('Derived'), reference('Plain')), {
      Base: object([field('x', NUMBER)], 'unions#Base'),
      Derived: object([field('x', NUMBER)], 'unions#Derived'),
      Plain: object([field('x', NUMBER)]),
    });
    expect(codec.roundTrip(new Derived(1))).to.be.instanceOf(Derived);
    expect(Object.getPrototypeOf(codec.roundTrip(new Base(1)))).to.equal(Base.prototype);
    expect(Object.getPrototypeOf(codec.roundTrip({ x: 1 }))).to.equal(Object.prototype);
    expect(Object.getPrototypeOf(codec.roundTrip(new (class extends Derived {})(1)))).to.equal(
      Derived.prototype,
    );
  });

  it('tell arrays by their items', () => {
    const codec = codecOf(
      union(
        { kind: 'array', items: NUMBER },
        { kind: 'array', items: STRING },
        { kind: 'tuple', items: [STRING, NUMBER] },
      ),
    );
    for (const value of [[], [1, 2], ['a'], ['a', 1]]) expect(codec.roundTrip(value)).to.deep.equal(value);
    expect(() => codec.encode([1, 'a', 2])).to.throw(TypeViolation, 'got an array of 3');
  });

  it('prefer a literal to the type that contains it', () => {
    const codec = codecOf(union(STRING, literals('a', 1)));
    for (const value of ['a', 'b', 1]) expect(codec.roundTrip(value)).to.equal(value);
    expect(codec.encode('a')).to.have.length(2);
    expect(() => codec.encode(2)).to.throw(TypeViolation);
  });

  it('look at each part of a recursive union once, however many branches it could be of', () => {
    const next: Shape = union(NULL, reference('A'), reference('B'));
    const codec = codecOf(next, {
      A: object([field('next', next), field('end', reference('X'))]),
      B: object([field('next', next), field('end', reference('Y'))]),
      X: object([field('x', NUMBER)]),
      Y: object([field('y', NUMBER)]),
    });
    let value: object | null = null;
    for (let level = 0; level < 200; level++) value = { next: value, end: { y: level } };
    expect(codec.roundTrip(value)).to.deep.equal(value);
  });

  it('write an optional undefined of an alias as what was left out', () => {
    const codec = codecOf(reference('O'), {
      O: object([field('a', reference('Maybe'), true)]),
      Maybe: { kind: 'alias', shape: union(UNDEFINED, STRING) },
    });
    for (const value of [{}, { a: 'x' }]) expect(codec.roundTrip(value)).to.deep.equal(value);
    expect(codec.encode({ a: undefined })).to.deep.equal(codec.encode({}));
    expect(codec.encode({})).to.deep.equal(Buffer.from([0]));
  });
});
