import { expect } from 'chai';
import { slope } from './least-squares.js';

describe('bench least squares', () => {
  it('finds the slope of a line, and of points about it', () => {
    expect(slope([0, 1, 2, 3, 4].map((x) => ({ x, y: 5 - 2 * x })))).to.deep.equal({ perX: -2, error: 0 });
    const about = [1, -1, -1, 1].map((off, x) => ({ x, y: 3 * x + off }));
    expect(slope(about).perX).to.be.closeTo(3, 1e-9);
  });

  it('is flat without two different x', () => {
    expect(slope([{ x: 1, y: 7 }]).perX).to.equal(0);
    expect(slope([]).perX).to.equal(0);
  });

  it('says how sure it is, as the textbook does', () => {
    const noise = [1, -1, -1, 1, 1, -1, -1, 1].map((off, x) => ({ x, y: 3 * x + off }));
    const { perX, error } = slope(noise);
    expect(perX).to.be.closeTo(3, 1e-9);
    expect(error).to.be.closeTo(2.4469 * Math.sqrt(8 / 6 / 42), 0.005);
    expect(slope(noise.slice(0, 4)).error).to.equal(Number.POSITIVE_INFINITY);
  });
});
