import { expect } from 'chai';
import { refusalPause } from './refusal-pause.js';

describe('refusalPause', () => {
  it('lets the event loop have a turn, however often it is asked for', async () => {
    let turned = false;
    let tries = 0;
    setTimeout(() => {
      turned = true;
    }, 1);
    while (!turned && tries < 1_000) {
      tries++;
      await refusalPause();
    }
    expect(turned).to.equal(true);
    expect(tries).to.be.below(1_000);
  });

  it('is the same for all who wait, and another one afterwards', async () => {
    const first = refusalPause();
    expect(refusalPause()).to.equal(first);
    await first;
    expect(refusalPause()).to.not.equal(first);
  });
});
