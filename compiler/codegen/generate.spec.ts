import { expect } from 'chai';
import { bindClass } from '../../sdk/codec/compiled.js';
import { MAX_NESTING } from '../../sdk/codec/mismatch.js';
import { Reader } from '../../sdk/codec/reader.js';
import type { Shape } from '../../sdk/codec/shape.js';
import { MalformedInput, MessageTooLarge, TypeViolation } from '../../sdk/codec/violations.js';
import { Writer } from '../../sdk/codec/writer.js';
import {
  appOf,
  codecOf,
  compileMethod,
  field,
  literals,
  NULL,
  NUMBER,
  object,
  parameter,
  reference,
  STRING,
  UNDEFINED,
  union,
  written,
} from './compile.spec.js';
import { generateModule } from './generate.js';

const ITEM = object([
  field('productId', STRING),
  field('quantity', NUMBER),
  field('note', STRING, true),
  field('discount', union(NUMBER, UNDEFINED)),
]);
const ITEMS: Shape = { kind: 'array', items: reference('Item') };

function violation(act: () => unknown): TypeViolation {
  try {
    act();
  } catch (error) {
    if (error instanceof TypeViolation) return error;
    throw error;
  }
  throw new Error('there was no TypeViolation');
}

describe('a generated method', () => {
  const app = appOf(
    {
      parameters: [
        parameter('item', reference('Item')),
        parameter('count', NUMBER, 'optional'),
        parameter('metadata', { kind: 'record', values: STRING }, 'optional'),
      ],
      result: ITEMS,
    },
    { Item: ITEM },
  );
  const method = compileMethod(app);
  const item = { productId: 'p', quantity: 1, discount: undefined };
  const send = (...args: unknown[]): unknown[] =>
    method.decodeArguments(new Reader(written((writer) => method.encodeArguments(writer, args))));

  it('names the argument and the part of it that breaks its type', () => {
    const quantity = violation(() => send({ ...item, quantity: '1' }));
    expect(quantity).to.include({ path: 'item.quantity', expected: 'number', actual: 'string "1"' });
    expect(quantity.message).to.equal('item.quantity: expected number, got string "1"');
    expect(violation(() => send(item, 1, { 'a "key"': 2 })).path).to.equal('metadata["a \\"key\\""]');
    expect(violation(() => send()).message).to.equal('item: expected Item, got undefined');
  });

  it('names the part of a result without a name in front', () => {
    const items = [item, { ...item, productId: undefined }];
    expect(violation(() => written((writer) => method.encodeResult(writer, items))).path).to.equal(
      '[1].productId',
    );
  });

  it('does not repeat long contents in its messages', () => {
    const { actual } = violation(() => send({ ...item, quantity: 'secret'.repeat(100) }));
    expect(actual).to.equal('a string of 600 characters');
  });

  it('lets absent arguments arrive absent, and leaves those in the middle undefined', () => {
    expect(send(item)).to.have.length(1);
    expect(send(item, undefined, undefined)).to.have.length(1);
    expect(send(item, 2)).to.deep.equal([item, 2]);
    expect(send(item, undefined, { a: 'b' })).to.deep.equal([item, undefined, { a: 'b' }]);
  });

  it('drops arguments that it has no parameter for, as a local call would', () => {
    expect(send(item, 1, {}, 'more')).to.have.length(3);
  });

  it('takes rest arguments one by one', () => {
    const rest = compileMethod(
      appOf({ parameters: [parameter('first', STRING), parameter('others', NUMBER, 'rest')] }),
    );
    const bytes = written((writer) => rest.encodeArguments(writer, ['a', 1, 2]));
    expect(rest.decodeArguments(new Reader(bytes))).to.deep.equal(['a', 1, 2]);
    expect(violation(() => written((writer) => rest.encodeArguments(writer, ['a', 1, 'b']))).path).to.equal(
      'others[1]',
    );
  });

  it('ignores what a method without a result returns', () => {
    const codec = codecOf(UNDEFINED);
    expect(codec.roundTrip({ rows: 1 })).to.equal(undefined);
    expect(codec.encode(1)).to.have.length(0);
  });

  it('passes on that a message is too large', () => {
    const writer = new Writer(100);
    expect(() => method.encodeArguments(writer, [{ ...item, productId: 'x'.repeat(101) }])).to.throw(
      MessageTooLarge,
    );
  });

  it('stands in a module that registers the app', () => {
    const [first, second] = generateModule(app).split('\n');
    expect(first).to.equal(`import * as runtime from 'weaverd/compiled';`);
    expect(second).to.match(/^runtime\.registerCompiledApp\(/);
  });
});

describe('generated codecs of objects', () => {
  const codec = codecOf(reference('Item'), { Item: ITEM });

  it('keep optional fields apart from fields that may be undefined', () => {
    const arrived = codec.roundTrip({ productId: 'p', quantity: 1, note: undefined });
    expect(arrived).to.deep.equal({ productId: 'p', quantity: 1, discount: undefined });
    expect(Object.keys(arrived as object)).to.have.members(['productId', 'quantity', 'discount']);
  });

  it('leave out properties that the type does not have', () => {
    expect(
      codec.roundTrip({ productId: 'p', quantity: 1, discount: 1, extra: () => 1 }),
    ).to.not.have.property('extra');
  });

  it('read fields that every object inherits only from the object itself', () => {
    const named = codecOf(reference('N'), {
      N: object([field('toString', STRING, true), field('constructor', STRING)]),
    });
    expect(named.roundTrip({ constructor: 'c' })).to.deep.equal({ constructor: 'c' });
    expect(violation(() => named.encode({}))).to.include({ path: 'constructor', actual: 'undefined' });
  });

  it('revive a class without its constructor, its fields as its own whatever the prototype has', () => {
    class Money {
      constructor() {
        throw new Error('not to be called');
      }
      get amount(): number {
        return -1;
      }
      get unit(): string {
        return 'none';
      }
    }
    bindClass('generate#Money', Money);
    const money = codecOf(reference('M'), {
      M: object([field('amount', NUMBER), field('unit', STRING, true)], 'generate#Money'),
    });
    const arrived = money.roundTrip({ amount: 5, unit: 'EUR' });
    expect(arrived).to.be.instanceOf(Money);
    expect(Object.getOwnPropertyDescriptors(arrived)).to.deep.equal({
      amount: { value: 5, writable: true, enumerable: true, configurable: true },
      unit: { value: 'EUR', writable: true, enumerable: true, configurable: true },
    });
  });

  it('give a plain object while the class is not bound', () => {
    const unbound = codecOf(reference('U'), { U: object([field('a', NUMBER)], 'generate#Unbound') });
    expect(Object.getPrototypeOf(unbound.roundTrip({ a: 1 }))).to.equal(Object.prototype);
  });

  it('do not let a key or a field named __proto__ near a prototype', () => {
    const record = codecOf(
      { kind: 'record', values: reference('P') },
      { P: object([field('__proto__', NUMBER), field('b', NUMBER, true)]) },
    );
    const sent = JSON.parse('{"__proto__": {"__proto__": 1, "b": 2}, "k": {"__proto__": 3}}') as object;
    const arrived = record.roundTrip(sent) as object;
    expect(JSON.stringify(arrived)).to.equal(JSON.stringify(sent));
    expect(Object.getPrototypeOf(arrived)).to.equal(Object.prototype);
    expect(violation(() => record.encode({ k: {} })).path).to.equal('["k"].__proto__');
  });

  it('keep hostile names what they are: names', () => {
    const names = [
      '"];globalThis.hacked=1;["',
      "'+(globalThis.hacked=1)+'",
      ['`$', '{globalThis.hacked=1}`'].join(''),
      '\u2028x',
      '*/x/*',
      '\ud800',
    ];
    const fields = names.map((name) => field(name, literals(name, `${name}"`)));
    const definitions = { 'X\n}globalThis.hacked=1;{': object(fields, 'id"+(globalThis.hacked=1)+"') };
    const hostile = codecOf(reference('X\n}globalThis.hacked=1;{'), definitions);
    const value = Object.fromEntries(names.map((name) => [name, name]));
    expect(hostile.roundTrip(value)).to.deep.equal(value);
    for (const name of names)
      expect(violation(() => hostile.encode({ ...value, [name]: 1 })).actual).to.equal('number 1');
    expect(globalThis).to.not.have.property('hacked');
  });
});

describe('generated codecs of values', () => {
  it('keep NaN, infinities and the sign of zero', () => {
    const codec = codecOf({ kind: 'array', items: NUMBER });
    const numbers = [Number.NaN, -0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const arrived = codec.roundTrip(numbers) as number[];
    expect(arrived.every((number, index) => Object.is(number, numbers[index]))).to.equal(true);
  });

  it('refuse an invalid Date', () => {
    expect(violation(() => codecOf({ kind: 'date' }).encode(new Date(Number.NaN)))).to.include({
      expected: 'a valid Date',
      actual: 'an invalid Date',
    });
  });

  it('take a Buffer for bytes, and hand out a Uint8Array', () => {
    expect(codecOf({ kind: 'bytes' }).roundTrip(Buffer.from([1, 2]))).to.deep.equal(new Uint8Array([1, 2]));
  });

  it('take holes in arrays for undefined', () => {
    const sparse: (number | undefined)[] = [1];
    sparse[2] = 3;
    expect(violation(() => codecOf({ kind: 'array', items: NUMBER }).encode(sparse)).path).to.equal('[1]');
    expect(codecOf({ kind: 'array', items: union(NUMBER, UNDEFINED) }).roundTrip(sparse)).to.deep.equal([
      1,
      undefined,
      3,
    ]);
  });

  it('bear long arrays, even of items that have no content', () => {
    const count = 300_000;
    const numbers = Array.from({ length: count }, (_, index) => index);
    expect(codecOf({ kind: 'array', items: NUMBER }).roundTrip(numbers)).to.deep.equal(numbers);
    const nothing = codecOf({ kind: 'array', items: NULL });
    const bytes = nothing.encode(new Array(count).fill(null));
    expect(nothing.decode(bytes)).to.have.length(count);
    expect(() => nothing.decode(bytes.subarray(0, 100))).to.throw(MalformedInput, `${count} items in`);
  });

  it('take a tuple without its last elements where these may be undefined, and never one that is too long', () => {
    const codec = codecOf({ kind: 'tuple', items: [NUMBER, union(STRING, UNDEFINED)] });
    expect(codec.roundTrip([1])).to.deep.equal([1, undefined]);
    expect(violation(() => codec.encode([1, 'a', 2])).expected).to.equal('an array of 2');
    expect(violation(() => codec.encode([])).path).to.equal('[0]');
  });

  it('take only plain objects for records', () => {
    const codec = codecOf({ kind: 'record', values: NUMBER });
    for (const value of [new Map([['a', 1]]), [1], new Date(), null, 'a']) {
      expect(violation(() => codec.encode(value)).expected).to.equal('a plain object');
    }
    expect(codec.roundTrip(Object.assign(Object.create(null), { a: 1 }))).to.deep.equal({ a: 1 });
  });

  it('name the keys and the values of Maps', () => {
    const codec = codecOf({ kind: 'map', keys: NUMBER, values: STRING });
    expect(
      violation(() =>
        codec.encode(
          new Map<unknown, unknown>([
            [1, 'a'],
            ['b', 'c'],
          ]),
        ),
      ).path,
    ).to.equal('keys()[1]');
    expect(violation(() => codec.encode(new Map([[1, 2]]))).path).to.equal('[1]');
  });

  it('refuse a collection that changes while it is written', () => {
    const set = new Set<unknown>();
    set.add({
      get a() {
        set.add({ a: 1 });
        return 1;
      },
    });
    const codec = codecOf({ kind: 'set', items: reference('A') }, { A: object([field('a', NUMBER)]) });
    expect(violation(() => codec.encode(set)).expected).to.equal('a collection that does not change');
  });
});

describe('generated codecs of recursive types', () => {
  const wide = Array.from({ length: 30 }, (_, index) =>
    field(`f${index}`, union(NUMBER, STRING, NULL, { kind: 'array', items: NUMBER }), true),
  );
  const codec = codecOf(reference('Node'), {
    Node: object([...wide, field('children', { kind: 'array', items: reference('Node') })]),
  });

  function nested(levels: number): object {
    let node: object = { children: [] };
    for (let level = 1; level < levels; level++) node = { children: [node] };
    return node;
  }

  it(`hold ${MAX_NESTING} levels, and refuse more when encoding`, () => {
    expect(codec.roundTrip(nested(MAX_NESTING))).to.deep.equal(nested(MAX_NESTING));
    expect(violation(() => codec.encode(nested(MAX_NESTING + 1))).expected).to.equal(
      'a value nested at most 512 levels deep',
    );
  });

  it('refuse a value that contains itself, in few words', () => {
    const cyclic = { children: [{ children: [] as object[] }] };
    cyclic.children[0]?.children.push(cyclic);
    const { path, message } = violation(() => codec.encode(cyclic));
    expect(path.length).to.be.below(1000);
    expect(message).to.match(/contains itself$/);
  });

  it('refuse input that is nested deeper', () => {
    const level = Buffer.concat([Buffer.alloc(wide.length), Buffer.from([2])]);
    const bytes = Buffer.concat(Array.from({ length: 100_000 }, () => level));
    expect(() => codec.decode(bytes)).to.throw(MalformedInput, 'nested more than 512 levels');
  });

  it('know a recursive alias', () => {
    const json = codecOf(reference('Json'), {
      Json: {
        kind: 'alias',
        shape: union(
          NULL,
          NUMBER,
          STRING,
          { kind: 'array', items: reference('Json') },
          { kind: 'record', values: reference('Json') },
        ),
      },
    });
    const value = { a: [1, 'b', null, { c: [] }], d: {} };
    expect(json.roundTrip(value)).to.deep.equal(value);
    expect(violation(() => json.encode({ a: [1, true] })).path).to.equal('["a"][1]');
  });
});
