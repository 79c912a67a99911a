import { expect } from 'chai';
import { interruptions } from './interruptions.js';

describe('interruptions', () => {
  it('stop first, and kill when they come again', () => {
    const next = interruptions();
    expect([0, 1500, 1600].map(next)).to.deep.equal(['stop', 'kill', 'kill']);
  });

  it('are one when npm passes on what the terminal sent', () => {
    const next = interruptions();
    expect([100, 101, 900, 1100].map(next)).to.deep.equal(['stop', 'same', 'same', 'kill']);
  });
});
