import { expect } from 'chai';
import { DEFAULT_HOSTS, historyOf } from './simulation/history.js';
import { runHistory } from './simulation/run-history.js';

const SEEDS = 1000;
const SEEDS_A_TEST = 50;

describe('simulation of the control plane', () => {
  it('CONVERGE: a cluster that nothing happens to forms, and runs what is deployed', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const history = historyOf(seed, DEFAULT_HOSTS);
      const { violation, acknowledged } = await runHistory({
        ...history,
        actions: history.actions.filter(({ kind }) => kind === 'deploy').slice(0, 1),
      });
      expect(violation, `seed ${seed}`).to.equal(undefined);
      expect(acknowledged).to.equal(1);
    }
  });

  it('is the same again for the same seed, also when it is watched', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const history = historyOf(seed, DEFAULT_HOSTS);
      const once = await runHistory(history);
      expect(await runHistory(history)).to.deep.equal(once);
      const lines: string[] = [];
      expect(await runHistory(history, { trace: (line) => lines.push(line) })).to.deep.equal(once);
      expect(lines.length).to.be.greaterThan(history.actions.length);
    }
  });

  for (let first = 1; first <= SEEDS; first += SEEDS_A_TEST)
    it(`holds over faults, seeds ${first} to ${first + SEEDS_A_TEST - 1}`, async function () {
      this.timeout(120_000);
      let [acknowledged, messages] = [0, 0];
      for (let seed = first; seed < first + SEEDS_A_TEST; seed++) {
        const outcome = await runHistory(historyOf(seed, DEFAULT_HOSTS));
        const again = `npm run simulate -- --seed ${seed} --seeds 1`;
        expect(outcome.violation, again).to.equal(undefined);
        acknowledged += outcome.acknowledged;
        messages += outcome.messages;
      }
      // Nothing is proven where nothing happens.
      expect(acknowledged).to.be.greaterThan(SEEDS_A_TEST * 1.5);
      expect(messages).to.be.greaterThan(SEEDS_A_TEST * 100);
    });

  it('holds on clusters of other sizes', async () => {
    for (const hosts of [1, 2, 3, 9])
      for (let seed = 1; seed <= 15; seed++)
        expect((await runHistory(historyOf(seed, hosts))).violation, `${hosts} hosts, seed ${seed}`).to.equal(
          undefined,
        );
  });
});
