import { expect } from 'chai';
import { longestUnavailability } from './unavailability.js';

describe('unavailability of a key', () => {
  const operation = (key: string, invokedAt: number, at: number, kind: 'ok' | 'unknown' = 'ok') => ({
    client: 'c',
    key,
    input: null,
    invokedAt,
    outcome: kind === 'ok' ? { kind, at, output: null } : { kind, at, code: 'U' },
  });

  it('is the time from a question that is not answered to the next answer', () => {
    const operations = [
      operation('a', 0, 2),
      operation('a', 10, 20, 'unknown'),
      operation('a', 25, 40, 'unknown'),
      operation('a', 41, 45),
      operation('a', 900, 910),
    ];
    expect(longestUnavailability(operations)).to.deep.equal({ a: 35 });
  });

  it('counts only from the answer before, and takes the generations of a key together', () => {
    const operations = [
      operation('l.0', 0, 50),
      operation('l.0', 1, 5),
      operation('l.1', 51, 60),
      operation('b', 3, 4),
    ];
    expect(longestUnavailability(operations)).to.deep.equal({ b: 1, l: 9 });
  });
});
