import { expect } from 'chai';
import { FlushTurns } from './flush-turns.js';

describe('FlushTurns', () => {
  let turns: (() => void)[];
  let flushes: FlushTurns;
  let flushed: string[];
  const named = (name: string) => ({ flush: () => void flushed.push(name) });
  const endTurn = () => {
    for (const turn of turns.splice(0)) turn();
  };

  beforeEach(() => {
    turns = [];
    flushed = [];
    flushes = new FlushTurns((turn) => turns.push(turn));
  });

  it('flushes all at the end of the turn, in order, and none twice', () => {
    flushes.request(named('a'));
    flushes.request(named('b'));
    expect(turns).to.have.length(1);
    expect(flushed).to.deep.equal([]);
    endTurn();
    expect(flushed).to.deep.equal(['a', 'b']);
    endTurn();
    expect(flushed).to.deep.equal(['a', 'b']);
    flushes.request(named('c'));
    endTurn();
    expect(flushed).to.deep.equal(['a', 'b', 'c']);
  });

  it('does not let what waits wait for input for long', () => {
    flushes.beforeInput(10);
    flushes.request(named('a'));
    flushes.beforeInput(20);
    flushes.beforeInput(20.4);
    expect(flushed).to.deep.equal([]);
    flushes.beforeInput(20.6);
    expect(flushed).to.deep.equal(['a']);
    flushes.request(named('b'));
    flushes.beforeInput(30);
    expect(flushed).to.deep.equal(['a']);
    endTurn();
    expect(flushed).to.deep.equal(['a', 'b']);
  });

  it('takes what is requested while it flushes to the next turn', () => {
    flushes.request({
      flush: () => {
        flushed.push('a');
        flushes.request(named('b'));
      },
    });
    endTurn();
    expect(flushed).to.deep.equal(['a']);
    endTurn();
    expect(flushed).to.deep.equal(['a', 'b']);
  });
});
