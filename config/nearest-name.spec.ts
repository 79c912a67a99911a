import { expect } from 'chai';
import fc from 'fast-check';
import { editDistance, nearestName } from './nearest-name.js';

describe('nearestName', () => {
  it('finds a name with a missing, added, changed or swapped letter', () => {
    const known = ['replicas', 'implementation', 'config'];
    for (const typo of ['replcas', 'repplicas', 'replikas', 'erplicas', 'Replicas', 'REPLICA'])
      expect(nearestName(typo, known), typo).to.equal('replicas');
  });

  it('prefers the nearest', () => {
    expect(nearestName('cart', ['Card', 'Cart'])).to.equal('Cart');
  });

  it('finds none when all are far', () => {
    expect(nearestName('colour', ['replicas', 'config'])).to.equal(undefined);
    expect(nearestName('ab', ['xy'])).to.equal(undefined);
    expect(nearestName('x', [])).to.equal(undefined);
  });
});

describe('editDistance', () => {
  const word = fc.string({ maxLength: 12 });

  it('counts edits', () => {
    expect(editDistance('kitten', 'sitting')).to.equal(3);
    expect(editDistance('', 'abc')).to.equal(3);
    expect(editDistance('ab', 'ba')).to.equal(1);
  });

  it('is 0 for equal words only, symmetric, and at most the longer length', () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance === 0).to.equal(a === b);
        expect(distance).to.equal(editDistance(b, a));
        expect(distance).to.be.at.most(Math.max(a.length, b.length));
        expect(distance).to.be.at.least(Math.abs(a.length - b.length));
      }),
    );
  });
});
