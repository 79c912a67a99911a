import { expect } from 'chai';
import { slope } from './least-squares.js';

describe('bench least squares', () => {
  it('finds the slope of a line, and of points about it', () => {
    expect(slope([0, 1, 2, 3].map((x) => ({ x, y: 5 - 2 * x })))).to.equal(-2);
    const about = [1, -1, -1, 1].map((off, x) => ({ x, y: 3 * x + off }));
    expect(slope(about)).to.be.closeTo(3, 1e-9);
  });

  it('is flat without two different x', () => {
    expect(slope([{ x: 1, y: 7 }])).to.equal(0);
    expect(slope([])).to.equal(0);
  });
});
