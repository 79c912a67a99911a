import { expect } from 'chai';
import { asMalformed, asViolation, describe as inWords, keySegment, Mismatch, within } from './mismatch.js';
import { MalformedInput, TypeViolation } from './violations.js';

function stackOverflow(): unknown {
  const recur = (): number => 1 + recur();
  try {
    return recur();
  } catch (error) {
    return error;
  }
}

describe('a mismatch', () => {
  it('becomes a violation with the path from the outside in', () => {
    const thrown = within(within(new Mismatch('.c', 'number', 'null'), '[1]'), '.a');
    expect(asViolation(thrown))
      .to.be.instanceOf(TypeViolation)
      .and.include({ path: 'a[1].c', expected: 'number' });
  });

  it('shows a long path without its middle', () => {
    const thrown = new Mismatch('.end', 'number', 'null');
    for (let level = 0; level < 500; level++) within(thrown, '.next');
    const { path } = asViolation(thrown) as TypeViolation;
    expect(path).to.match(/^next\.next.*….*\.next\.end$/);
    expect(path.length).to.be.below(200);
  });

  it('leaves other errors alone', () => {
    const error = new RangeError('of the app');
    expect(asViolation(within(error, '.a'))).to.equal(error);
    expect(asMalformed(error)).to.equal(error);
  });

  it('is what the end of the stack becomes', () => {
    expect(asViolation(stackOverflow())).to.be.instanceOf(TypeViolation);
    expect(asMalformed(stackOverflow())).to.be.instanceOf(MalformedInput);
  });

  const described: readonly [unknown, string][] = [
    [null, 'null'],
    [undefined, 'undefined'],
    [Number.NaN, 'number NaN'],
    [1n, 'a bigint'],
    ['a"b', 'string "a\\"b"'],
    ['x'.repeat(33), 'a string of 33 characters'],
    [[1, 2], 'an array of 2'],
    [{}, 'an object'],
    [Object.create(null), 'an object'],
    [new Map(), 'an instance of Map'],
    [new Date(Number.NaN), 'an invalid Date'],
    [Symbol('s'), 'a symbol'],
    [Object.create({ constructor: null }), 'an object'],
  ];
  for (const [value, words] of described) {
    it(`says ${words}`, () => {
      expect(inWords(value)).to.equal(words);
    });
  }

  it('shortens long keys', () => {
    expect(keySegment('k'.repeat(1000))).to.have.length.below(40);
    expect(keySegment(5)).to.equal('[5]');
  });
});
