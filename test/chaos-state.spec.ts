import { expect } from 'chai';
import { describeReport } from './chaos-state/report.js';
import { ROUNDS } from './chaos-state/rounds.js';

/** What each run of the tests makes; `npm run test:chaos-state` makes all. */
const SHORT = [
  { round: 'file', only: ['owner killed in a rollout', 'owner killed while the daemon is down'] },
  { round: 'redis', only: ['owner killed', 'owner paused', 'scaled up and down', 'Redis killed'] },
] as const;
const SEED = Number(process.env.CHAOS_SEED ?? Date.now() % 2 ** 31);

describe('ONE-OWNER and NO-LOSS of state under chaos', function () {
  this.timeout(180_000);

  for (const { round, only } of SHORT)
    it(`${round}: what clients saw is linearizable for each key (CHAOS_SEED=${SEED})`, async () => {
      const report = await ROUNDS[round]?.({ seed: SEED, only });
      if (report === undefined) throw new Error(`no round ${round}`);
      process.stdout.write(`      ${describeReport(report)}\n`);
      expect(report.problems.join('\n\n')).to.equal('');
      expect(report.operations).to.be.greaterThan(200);
    });
});
