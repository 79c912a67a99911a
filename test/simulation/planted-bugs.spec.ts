import { expect } from 'chai';
import { DEFAULT_HOSTS, historyOf } from './history.js';
import { PLANTED_BUGS } from './planted-bugs.js';
import { runHistory } from './run-history.js';
import { shrink } from './shrink.js';

/** Many times what each of them needs at present. */
const MAX_SEEDS = 100;

describe('the simulation finds', () => {
  for (const { name, foundBy, plant } of PLANTED_BUGS)
    it(`${foundBy.join(' or ')}: ${name}`, async () => {
      for (let seed = 1; seed <= MAX_SEEDS; seed++) {
        const { violation } = await runHistory(historyOf(seed, DEFAULT_HOSTS), { plant });
        if (violation !== undefined && foundBy.includes(violation.invariant)) return;
      }
      expect.fail(`nothing was found in ${MAX_SEEDS} seeds`);
    });
});

describe('a failing history', () => {
  it('is cut down to what still fails, and fails again the same way', async () => {
    const bug = PLANTED_BUGS.find(({ name }) => name === 'hosts that remember nothing for the store');
    expect(bug).to.not.equal(undefined);
    const plant = bug?.plant;
    for (let seed = 1; seed <= MAX_SEEDS; seed++) {
      const history = historyOf(seed, DEFAULT_HOSTS);
      const { violation } = await runHistory(history, { plant });
      if (violation === undefined || history.actions.length < 10) continue;
      const { history: shorter, violation: found, kept } = await shrink(history, violation, { plant });
      expect(shorter.actions.length).to.be.lessThan(history.actions.length);
      expect(shorter.actions).to.deep.equal(kept.map((index) => history.actions[index]));
      expect((await runHistory(shorter, { plant })).violation).to.deep.equal(found);
      return;
    }
    expect.fail('no history failed');
  });
});
