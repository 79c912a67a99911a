import { expect } from 'chai';
import { decideSilence } from './silence-watch.js';

const AFTER_MS = 1500;

describe('a callee that falls silent', () => {
  const state = { heardAt: 1000, askedAt: undefined, dueAt: 1500, owesAnswer: true };

  it('is asked for a sign of life when it owes an answer and was not heard for a while', () => {
    expect(decideSilence(state, 1400, AFTER_MS)).to.equal('wait');
    expect(decideSilence(state, 1500, AFTER_MS)).to.equal('ask');
  });

  it('is left alone when it owes nothing', () => {
    expect(decideSilence({ ...state, owesAnswer: false }, 90_000, AFTER_MS)).to.equal('rest');
  });

  it('is silent when it was asked and did not answer in time, whether it still owes an answer or not', () => {
    const asked = { ...state, askedAt: 1500, dueAt: 3000 };
    expect(decideSilence(asked, 2999, AFTER_MS)).to.equal('wait');
    expect(decideSilence(asked, 3000, AFTER_MS)).to.equal('silent');
    expect(decideSilence({ ...asked, owesAnswer: false }, 3000, AFTER_MS)).to.equal('silent');
  });

  it('is asked anew when the caller stood still itself', () => {
    expect(decideSilence({ ...state, askedAt: 1500, dueAt: 2000 }, 9000, AFTER_MS)).to.equal('ask');
  });
});
