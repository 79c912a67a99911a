import { expect } from 'chai';
import { median, resultLine } from './report.js';

describe('bench results', () => {
  it('take the median, between the middle two of an even number', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 2, 3])).to.equal(2.5);
  });

  it('state their rounds and their spread', () => {
    const line = resultLine({ bench: 'b', case: 'c', system: 's', unit: 'ms' }, [90, 100, 120]);
    expect(line).to.include({ value: 100, rounds: 3, spread: 0.3 });
  });
});
