import { expect } from 'chai';
import fc from 'fast-check';
import { type Assignment, assign, UNITS } from './assignment.js';

const SPACE = 2 ** 32;

describe('slice assignment', () => {
  it('gives all to the only replica, and halves to two', () => {
    expect(assign(undefined, ['a'])).to.deep.equal({ starts: [0], owners: ['a'] });
    expect(assign(undefined, ['b', 'a'])).to.deep.equal({ starts: [0, SPACE / 2], owners: ['a', 'b'] });
  });

  it('moves a third when a third replica joins, and back to its owners when it leaves', () => {
    const two = assign(undefined, ['a', 'b']);
    const three = assign(two, ['a', 'b', 'c']);
    expect(moved(two, three)).to.be.closeTo(1 / 3, 1 / UNITS);
    expect(moved(three, assign(three, ['a', 'b']))).to.be.closeTo(1 / 3, 1 / UNITS);
  });

  it('keeps the previous one while nobody serves', () => {
    const two = assign(undefined, ['a', 'b']);
    expect(assign(two, [])).to.deep.equal(two);
    expect(assign(undefined, [])).to.deep.equal({ starts: [], owners: [] });
  });

  it('is whole, balanced to one unit, and moves no more than it must, over any history', () => {
    const members = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 25 });
    fc.assert(
      fc.property(fc.array(members, { minLength: 1, maxLength: 8 }), (history) => {
        let assignment: Assignment | undefined;
        for (const present of history) {
          const names = present.map((index) => `r${index}`);
          const next = assign(assignment, names);
          expectWhole(next);
          const shares = sharesOf(next);
          expect([...shares.keys()].sort()).to.deep.equal([...names].sort());
          const units = [...shares.values()].map((share) => share * UNITS);
          expect(Math.max(...units) - Math.min(...units)).to.be.at.most(1);
          if (assignment !== undefined)
            expect(moved(assignment, next)).to.be.closeTo(leastMove(assignment, next), 1e-9);
          assignment = next;
        }
      }),
      { numRuns: 60 },
    );
  });

  it('does not depend on the order in which replicas are named', () => {
    const before = assign(undefined, ['a', 'b', 'c']);
    expect(assign(before, ['d', 'a', 'b'])).to.deep.equal(assign(before, ['b', 'd', 'a']));
  });
});

function expectWhole({ starts, owners }: Assignment): void {
  expect(starts[0]).to.equal(0);
  expect(owners).to.have.length(starts.length);
  for (let index = 1; index < starts.length; index++) {
    expect(starts[index]).to.be.greaterThan(Number(starts[index - 1]));
    expect(owners[index]).to.not.equal(owners[index - 1]);
  }
  expect(starts.at(-1)).to.be.lessThan(SPACE);
  expect(starts.length).to.be.at.most(UNITS);
}

function sharesOf({ starts, owners }: Assignment): Map<string, number> {
  const shares = new Map<string, number>();
  for (const [index, owner] of owners.entries()) {
    const length = (starts[index + 1] ?? SPACE) - Number(starts[index]);
    shares.set(owner, (shares.get(owner) ?? 0) + length / SPACE);
  }
  return shares;
}

/** With the shares that came out, what each gained must have come from elsewhere. */
function leastMove(before: Assignment, after: Assignment): number {
  const had = sharesOf(before);
  let gained = 0;
  for (const [owner, share] of sharesOf(after)) gained += Math.max(0, share - (had.get(owner) ?? 0));
  return gained;
}

function moved(before: Assignment, after: Assignment): number {
  const edges = [...new Set([...before.starts, ...after.starts])].sort((a, b) => a - b);
  let sum = 0;
  for (const [index, start] of edges.entries()) {
    if (ownerAt(before, start) !== ownerAt(after, start)) sum += (edges[index + 1] ?? SPACE) - start;
  }
  return sum / SPACE;
}

function ownerAt({ starts, owners }: Assignment, hash: number): string | undefined {
  return owners[starts.findLastIndex((start) => start <= hash)];
}
