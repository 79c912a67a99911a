import { expect } from 'chai';
import type { Clock } from '../processes/clock.js';
import { Reconciler, TICK_MS } from './reconciler.js';

describe('reconciler', () => {
  let timers: { readonly delayMs: number; readonly run: () => void }[];
  const clock: Clock = {
    now: () => 1000,
    monotonic: () => 1000,
    after(delayMs, run) {
      const timer = { delayMs, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
  };
  let problems: (string | undefined)[];
  const make = (step: () => Promise<{ wakeAt: number | undefined }>) =>
    new Reconciler({ step, clock, random: () => 0, onProblem: (problem) => problems.push(problem) });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  beforeEach(() => {
    timers = [];
    problems = [];
  });

  it('makes one step of many triggers, and one more for those during a step', async () => {
    let steps = 0;
    const reconciler = make(async () => {
      if (++steps === 1) for (let index = 0; index < 5; index++) reconciler.trigger();
      return { wakeAt: undefined };
    });
    for (let index = 0; index < 5; index++) reconciler.trigger();
    await turn();
    expect(steps).to.equal(2);
    expect(timers.map(({ delayMs }) => delayMs)).to.deep.equal([TICK_MS]);
    timers[0]?.run();
    await turn();
    expect(steps).to.equal(3);
    await reconciler.stop();
    expect(timers).to.deep.equal([]);
  });

  it('wakes when the step asked for it', async () => {
    const reconciler = make(async () => ({ wakeAt: 1300 }));
    reconciler.trigger();
    await turn();
    expect(timers.map(({ delayMs }) => delayMs)).to.deep.equal([300]);
    await reconciler.stop();
  });

  it('tries a failing step again, ever later up to the tick, and tells when it is over', async () => {
    let fails = true;
    const reconciler = make(async () => {
      if (fails) throw new Error('planted');
      return { wakeAt: undefined };
    });
    const delays: number[] = [];
    reconciler.trigger();
    for (let attempt = 0; attempt < 10; attempt++) {
      await turn();
      delays.push(timers.at(-1)?.delayMs ?? 0);
      timers.at(-1)?.run();
    }
    expect(delays.slice(0, 4)).to.deep.equal([50, 100, 200, 400]);
    expect(delays.at(-1)).to.equal(TICK_MS / 2);
    fails = false;
    await turn();
    timers.at(-1)?.run();
    await turn();
    expect(problems[0]).to.equal('planted');
    expect(problems.at(-1)).to.equal(undefined);
    await reconciler.stop();
  });
});
