import { expect } from 'chai';
import fc from 'fast-check';
import { BusyPoller, busyPollCounters, pollAfterWrites } from './busy-poll.js';
import { outgoing, Rig } from './spec-support.js';

/** A process whose turns take a given time, and from which the system takes the processor as told. */
class FakeProcess {
  ms = 0;
  switches = 7;
  readonly #turns: (() => void)[] = [];
  readonly poller = new BusyPoller({
    now: () => this.ms,
    nextTurn: (task) => this.#turns.push(task),
    involuntaryContextSwitches: () => this.switches,
  });

  get polls(): boolean {
    return this.#turns.length > 0;
  }

  turn(ms: number): void {
    this.ms += ms;
    for (const task of this.#turns.splice(0)) task();
  }
}

describe('BusyPoller', () => {
  it('polls for the given time after the last traffic, once for all connections', () => {
    const host = new FakeProcess();
    host.poller.extend(50);
    host.poller.extend(50);
    host.turn(0.04);
    expect(host.polls).to.equal(true);
    host.poller.extend(50);
    host.turn(0.04);
    expect(host.polls).to.equal(true);
    host.turn(0.02);
    expect(host.polls).to.equal(false);
    expect(host.poller.counters).to.deep.equal({ periods: 1, turns: 3, suspensions: 0 });
  });

  function pollFor(host: FakeProcess, ms: number, switchEveryMs: number): void {
    let untilSwitch = switchEveryMs;
    for (const end = host.ms + ms; host.ms < end; ) {
      host.poller.extend(50);
      host.turn(0.02);
      untilSwitch -= 0.02;
      if (untilSwitch > 0) continue;
      untilSwitch = switchEveryMs;
      host.switches++;
      host.turn(4);
    }
  }

  it('goes on when the system takes the processor now and then', () => {
    const host = new FakeProcess();
    pollFor(host, 5_000, 200);
    expect(host.poller.counters.suspensions).to.equal(0);
    expect(host.poller.counters.turns).to.be.above(100_000);
  });

  it('stops beside others that want the processor, ever longer, and comes back when they have gone', () => {
    const host = new FakeProcess();
    pollFor(host, 60_000, 4);
    const { suspensions, turns } = host.poller.counters;
    expect(suspensions).to.be.within(5, 15);
    expect(turns * 0.02, 'milliseconds polled').to.be.below(0.01 * 60_000);
    pollFor(host, 30_000, Number.POSITIVE_INFINITY);
    expect(host.poller.counters.suspensions).to.equal(suspensions);
    expect(host.poller.counters.turns - turns).to.be.above(500_000);
    const before = host.ms;
    pollFor(host, 50, 4);
    expect(host.poller.counters.suspensions, `contended again after ${before}`).to.equal(suspensions + 1);
    host.ms += 150;
    host.poller.extend(50);
    expect(host.polls, 'the first suspension is short again').to.equal(true);
  });

  it('takes no pause in the traffic for the end of the contention', () => {
    const host = new FakeProcess();
    for (let burst = 0; burst < 100; burst++) {
      pollFor(host, 150, 4);
      host.ms += 1_000;
    }
    expect(host.poller.counters.suspensions).to.be.below(20);
  });

  it('never polls on without traffic', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ ms: fc.nat(20), switches: fc.nat(3), extend: fc.nat(1_000) })),
        (steps) => {
          const host = new FakeProcess();
          for (const { ms, switches, extend } of steps) {
            host.switches += switches;
            host.poller.extend(extend);
            host.turn(ms / 10);
          }
          host.turn(1);
          expect(host.polls).to.equal(false);
        },
      ),
    );
  });
});

describe('Latency mode', () => {
  it('is off by default, and refuses times that cannot be meant', () => {
    expect(pollAfterWrites(undefined)).to.equal(undefined);
    expect(pollAfterWrites({ busyPollMicros: 0 })).to.equal(undefined);
    for (const busyPollMicros of [-1, 1.5, 5_000, Number.NaN]) {
      expect(() => pollAfterWrites({ busyPollMicros })).to.throw(RangeError, 'busyPollMicros');
    }
  });

  it('polls on both sides of a connection that has it', async () => {
    const rig = new Rig();
    const latency = { busyPollMicros: 50 };
    const server = await rig.serve(
      'tcp',
      [(call, text) => call.succeed((writer) => writer.writeString(text))],
      {
        latency,
      },
    );
    const connection = await rig.connect(server.address, { latency });
    const before = busyPollCounters();
    for (let i = 0; i < 10; i++) expect(await connection.call(outgoing(0, 'x'))).to.equal('x');
    const after = busyPollCounters();
    if (after.suspensions === 0) expect(after.turns).to.be.above(before.turns);
    await rig.end();
  });
});
