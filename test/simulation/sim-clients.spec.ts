import { expect } from 'chai';
import { DEFAULT_HOSTS, type History, historyOf } from './history.js';
import { runHistory } from './run-history.js';

/** Many times what each needs at present. */
const MAX_SEEDS = 100;

/** Each host is cut off in turn, for longer than its leases. */
function cutsOf(seed: number): History {
  const hosts = ['h1', 'h2', 'h3'];
  const cut = { kind: 'link', link: 'cut', forMs: 25_000 } as const;
  return {
    seed,
    hosts,
    actions: [
      { at: 2000, kind: 'deploy', host: 'h1', app: 'shop', replicas: 3 },
      ...hosts.map((host, index) => ({ at: 8000 + index * 30_000, host, ...cut })),
      { at: 98_000, kind: 'crash-proclet', host: 'h1' },
    ],
  };
}

describe('clients of state in the simulation', () => {
  it('operate in nearly every history', async () => {
    let operations = 0;
    for (let seed = 1; seed <= 10; seed++)
      operations += (await runHistory(historyOf(seed, DEFAULT_HOSTS))).operations;
    expect(operations).to.be.greaterThan(500);
  });

  it('see nothing wrong while owners are cut off in turn', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { violation, operations } = await runHistory(cutsOf(seed));
      expect(violation, `seed ${seed}`).to.equal(undefined);
      expect(operations).to.be.greaterThan(100);
    }
  });

  it('see that an owner answers past its lease', async () => {
    for (let seed = 1; seed <= MAX_SEEDS; seed++) {
      const { violation } = await runHistory(cutsOf(seed), { bug: 'answers-past-its-lease' });
      if (violation === undefined) continue;
      expect(violation.message).to.include('violation after');
      return;
    }
    expect.fail(`nothing was found in ${MAX_SEEDS} seeds`);
  });
});
