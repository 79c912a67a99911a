import { expect } from 'chai';
import fc from 'fast-check';
import { subjectMatches, subjectsOf, subjectToken } from './subjects.js';

describe('subjects', () => {
  it('scopes what concerns a version by app and version', () => {
    const subjects = subjectsOf('local');
    expect(subjects.routing('shop', 'abc')).to.equal('weaver.local.v.shop.abc.routing');
    expect(subjects.placements('host.example.com')).to.equal(
      'weaver.local.hosts.host=2eexample=2ecom.placements',
    );
    expect(subjectMatches(subjects.report('*'), subjects.report('a.b'))).to.equal(true);
  });

  it('turns every name into one token, and no two names into the same', () => {
    const name = fc.string({ minLength: 1, unit: 'grapheme' });
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(subjectToken(a)).to.match(/^[A-Za-z0-9_=-]+$/);
        expect(subjectToken(a) === subjectToken(b)).to.equal(a === b);
      }),
    );
  });

  it('matches patterns by token', () => {
    expect(subjectMatches('a.*', 'a.b')).to.equal(true);
    expect(subjectMatches('a.*', 'a')).to.equal(false);
    expect(subjectMatches('a.*', 'a.b.c')).to.equal(false);
    expect(subjectMatches('a.>', 'a.b.c')).to.equal(true);
    expect(subjectMatches('a.>', 'a')).to.equal(false);
    expect(subjectMatches('a.b', 'a.c')).to.equal(false);
  });
});
