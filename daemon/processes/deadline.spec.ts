import { expect } from 'chai';
import { Deadline } from './deadline.js';
import { FakeClock } from './spec-support/fake-clock.js';

describe('Deadline', () => {
  let clock: FakeClock;
  let expired: number[];
  let deadline: Deadline;
  beforeEach(() => {
    clock = new FakeClock();
    expired = [];
    deadline = new Deadline(clock, (lateMs) => expired.push(lateMs));
  });

  it('expires once, at its time', async () => {
    deadline.set(100);
    await clock.pass(99);
    expect(expired).to.deep.equal([]);
    await clock.pass(1);
    expect(expired).to.deep.equal([0]);
    await clock.pass(1000);
    expect(expired).to.deep.equal([0]);
  });

  it('may be moved later without another timer, earlier, or away', async () => {
    for (let at = 100; at <= 1000; at += 100) deadline.set(at);
    expect(clock.timers, 'timers').to.equal(1);
    await clock.pass(999);
    expect(expired).to.deep.equal([]);
    deadline.set(undefined);
    await clock.pass(1000);
    expect(expired).to.deep.equal([]);
    deadline.set(9000);
    deadline.set(3000);
    await clock.pass(1001);
    expect(expired).to.deep.equal([0]);
  });

  it('says how late it is when this process stood still', async () => {
    deadline.set(100);
    await clock.stall(5000);
    expect(expired).to.deep.equal([4900]);
  });

  it('lets what arrived during the stall move it first', async () => {
    deadline.set(100);
    const stalled = clock.stall(5000);
    deadline.set(6000); // a sign of life, read from a socket in the same turn
    await stalled;
    expect(expired).to.deep.equal([]);
    await clock.pass(1000);
    expect(expired).to.deep.equal([0]);
  });
});
