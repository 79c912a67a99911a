import { expect } from 'chai';
import { type Act, conflictsIn } from './acts.js';

const act = (process: string, begin: number, end: number, epoch: number, key = 'k'): Act => ({
  process,
  key,
  epoch,
  begin,
  end,
});

describe('conflictsIn', () => {
  it('finds nothing wrong with one owner after the other, each with as many calls at once as it likes', () => {
    const acts = [act('a', 0, 9, 1), act('a', 1, 3, 1), act('b', 10, 11, 2), act('b', 0, 20, 1, 'other')];
    expect(conflictsIn(acts)).to.deep.equal([]);
  });

  it('finds two owners at once, also behind a shorter call of the first', () => {
    const acts = [act('a', 0, 9, 1), act('a', 1, 3, 1), act('b', 5, 11, 2)];
    expect(conflictsIn(acts)).to.deep.equal(['k: b began 4 ms before a ended']);
  });

  it('finds a later owner whose epoch is no higher', () => {
    expect(conflictsIn([act('a', 0, 1, 2), act('b', 2, 3, 2)])).to.deep.equal(['k: b has epoch 2, a had 2']);
  });
});
