import { expect } from 'chai';
import { historyOf } from './simulation/history.js';
import { runHistory } from './simulation/run-history.js';

describe('simulation of the control plane', () => {
  it('CONVERGE: a cluster that nothing happens to forms, and runs what is deployed', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const history = historyOf(seed, 4);
      const [deploy] = history.actions;
      const { violation, acknowledged } = await runHistory({
        ...history,
        actions: deploy === undefined ? [] : [deploy],
      });
      expect(violation, `seed ${seed}`).to.equal(undefined);
      expect(acknowledged).to.equal(1);
    }
  });

  it('NO-LOSS: a change is made of what is remembered, when the store has lost the newest', async () => {
    const { violation } = await runHistory(historyOf(2, 4));
    expect(violation).to.equal(undefined);
  });

  it('is the same again for the same seed', async () => {
    expect(await runHistory(historyOf(3, 4))).to.deep.equal(await runHistory(historyOf(3, 4)));
  });
});
