import { expect } from 'chai';
import { DEFAULT_HOSTS, historyOf } from './history.js';
import { runHistory } from './run-history.js';
import type { KeeperBug } from './sim-keeper.js';

/** Several times what each needs at present. */
const MAX_SEEDS = 200;

describe('clients of state in the simulation', () => {
  it('operate in nearly every history', async () => {
    let operations = 0;
    for (let seed = 1; seed <= 10; seed++)
      operations += (await runHistory(historyOf(seed, DEFAULT_HOSTS))).operations;
    expect(operations).to.be.greaterThan(500);
  });

  for (const bug of ['answers-past-its-lease', 'is-not-fenced'] satisfies readonly KeeperBug[])
    it(`see that an owner ${bug.replaceAll('-', ' ')}`, async function () {
      this.timeout(120_000);
      for (let seed = 1; seed <= MAX_SEEDS; seed++) {
        const { violation } = await runHistory(historyOf(seed, DEFAULT_HOSTS), { bug });
        if (violation === undefined) continue;
        expect(violation.message).to.include('violation after');
        return;
      }
      expect.fail(`nothing was found in ${MAX_SEEDS} seeds`);
    });
});
