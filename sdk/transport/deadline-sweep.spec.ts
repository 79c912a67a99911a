import { expect } from 'chai';
import fc from 'fast-check';
import { DeadlineSweep, SWEEP_RESOLUTION_MS } from './deadline-sweep.js';
import { ManualClock } from './spec-support.js';

function sweepOver(clock: ManualClock) {
  const pending = new Map<string, number>();
  const expired: { readonly name: string; readonly late: number }[] = [];
  const sweep = new DeadlineSweep(clock, (now) => {
    for (const [name, at] of pending) {
      if (at > now) continue;
      pending.delete(name);
      expired.push({ name, late: now - at });
    }
    return Math.min(Number.POSITIVE_INFINITY, ...pending.values());
  });
  return { pending, expired, sweep };
}

describe('DeadlineSweep', () => {
  it('ends each call at its deadline or within the resolution after it, with one timer', () => {
    const calls = fc.array(fc.record({ after: fc.nat(500), timeout: fc.nat(2_000) }), { maxLength: 60 });
    fc.assert(
      fc.property(calls, (list) => {
        const clock = new ManualClock();
        const { pending, expired, sweep } = sweepOver(clock);
        list.forEach(({ after, timeout }, i) => {
          clock.advance(after);
          pending.set(`call ${i}`, clock.now() + timeout);
          sweep.arm(clock.now() + timeout);
          expect(clock.scheduled).to.equal(1);
        });
        clock.advance(3_000);
        expect(expired.length).to.equal(list.length);
        for (const { late } of expired) expect(late).to.be.within(0, SWEEP_RESOLUTION_MS);
        expect(clock.scheduled, 'no timer is left').to.equal(0);
      }),
    );
  });

  it('does not touch the timer for later deadlines', () => {
    const clock = new ManualClock();
    let timers = 0;
    const counting = {
      now: () => clock.now(),
      schedule: (delay: number, task: () => void) => {
        timers++;
        return clock.schedule(delay, task);
      },
    };
    const sweep = new DeadlineSweep(counting, () => Number.POSITIVE_INFINITY);
    for (let i = 0; i < 1_000; i++) sweep.arm(10_000 + i);
    expect(timers).to.equal(1);
    sweep.stop();
    expect(clock.scheduled).to.equal(0);
  });
});
