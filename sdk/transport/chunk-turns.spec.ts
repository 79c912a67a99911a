import { expect } from 'chai';
import { type ChunkSource, ChunkTurns, TURN_BYTES } from './chunk-turns.js';

describe('ChunkTurns', () => {
  function setUp() {
    const scheduled: (() => void)[] = [];
    const log: string[] = [];
    const turns = new ChunkTurns((turn) => scheduled.push(turn));
    const source = (name: string, chunks: number, bytes: number): ChunkSource => ({
      sendChunk() {
        if (chunks-- <= 0) return 0;
        log.push(name);
        return bytes;
      },
    });
    return { scheduled, log, turns, source };
  }

  it('gives all connections together one budget a turn, and each its share', () => {
    const { scheduled, log, turns, source } = setUp();
    for (const name of ['a', 'b', 'c']) turns.request(source(name, 4, TURN_BYTES / 2));
    expect(scheduled).to.have.length(1);
    for (let turn = 1; turn <= 6; turn++) {
      scheduled.shift()?.();
      expect(log).to.have.length(2 * turn);
    }
    expect(log.join('')).to.equal('abcabcabcabc');
  });

  it('stops when nobody can go on, and starts again when one can', () => {
    const { scheduled, log, turns, source } = setUp();
    turns.request(source('a', 1, 10));
    scheduled.shift()?.();
    expect([log, scheduled.length]).to.deep.equal([['a'], 0]);
    turns.request(source('b', 1, 10));
    scheduled.shift()?.();
    expect(log).to.deep.equal(['a', 'b']);
  });
});
