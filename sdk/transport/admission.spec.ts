import { expect } from 'chai';
import fc from 'fast-check';
import { ADMISSION_RULES, Admission, admissionFor } from './admission.js';
import { LoopWatch } from './loop-watch.js';
import {
  closedLoops,
  disturb,
  MAX_DELAY_MS,
  openLoop,
  randomOf,
  SimulatedCallee,
  TURN_MS,
} from './spec-support/simulated-callee.js';

const RUNS = { numRuns: Number(process.env.RUNS ?? 6), endOnFailure: true };
const serviceMs = fc.double({ min: 0.05, max: 4, noNaN: true });
/** So many of them come in a turn that their number hardly varies. */
const shortServiceMs = fc.double({ min: 0.05, max: 1, noNaN: true });
const longServiceMs = fc.double({ min: 0.2, max: 2, noNaN: true });
const thinkMs = fc.double({ min: 0, max: 5, noNaN: true });
const seed = fc.integer();
const connections = fc.integer({ min: 1, max: 6 });

describe('Admission', () => {
  it('refuses no call of closed loops, however many, whatever they cost, and whatever else takes the time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3_000 }),
        serviceMs,
        thinkMs,
        fc.integer({ min: 1, max: 10 }),
        seed,
        (inFlight, cost, think, n, seeded) => {
          const callee = new SimulatedCallee(n);
          const random = randomOf(seeded);
          disturb(callee, random);
          closedLoops(callee, { inFlight, serviceMs: cost, thinkMs: think, on: range(n) }, random);
          callee.run(15_000);
          expect(callee.refused).to.have.length(0);
        },
      ),
      RUNS,
    );
  });

  it('refuses no call of closed loops that begin when an overload is over', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        shortServiceMs,
        connections,
        fc.double({ min: 1.5, max: 6, noNaN: true }),
        seed,
        (inFlight, cost, n, times, seeded) => {
          const callee = new SimulatedCallee(n);
          const random = randomOf(seeded);
          openLoop(callee, { from: 0, to: 5_000, times, serviceMs: cost }, random, n);
          callee.run(5_000);
          while (callee.inFlight > 0) callee.run(callee.now + 1);
          const before = callee.refused.length;
          disturb(callee, random);
          closedLoops(callee, { inFlight, serviceMs: cost, thinkMs: 0, on: range(n) }, random);
          callee.run(callee.now + 5_000);
          expect(callee.refused.length - before).to.equal(0);
        },
      ),
      RUNS,
    );
  });

  it('refuses no call of closed loops beside callers who do not wait', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), shortServiceMs, seed, (inFlight, cost, seeded) => {
        const callee = new SimulatedCallee(2);
        const random = randomOf(seeded);
        openLoop(callee, { from: 0, to: 5_000, times: 3, serviceMs: cost }, random);
        // Told apart by what they cost.
        const own = cost * 1.01;
        closedLoops(callee, { inFlight, serviceMs: own, thinkMs: 0, on: [1] }, random);
        callee.run(5_000);
        expect(callee.refused.filter((call) => call.serviceMs === own)).to.have.length(0);
        expect(callee.refused.length).to.be.at.least(1);
      }),
      RUNS,
    );
  });

  it('refuses none of a burst of calls, in however many parts it is read', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3_500 }),
        serviceMs,
        fc.integer({ min: 1, max: 1_500 }),
        connections,
        seed,
        (burst, cost, readLimit, n, seeded) => {
          const callee = new SimulatedCallee(n, readLimit);
          disturb(callee, randomOf(seeded));
          for (let i = 0; i < burst; i++) callee.send({ at: 1 + i / 1_000, serviceMs: cost }, i % n);
          callee.run(20 * burst * cost + 20_000);
          expect(callee.outcomes).to.have.length(burst);
          expect(callee.refused).to.have.length(0);
        },
      ),
      RUNS,
    );
  });

  it('refuses nothing after a long pause while there is time to catch up', () => {
    const pauseMs = fc.integer({ min: 0, max: 1_500 });
    const bursts = fc.integer({ min: 0, max: 500 });
    fc.assert(
      fc.property(shortServiceMs, connections, pauseMs, bursts, seed, (cost, n, pause, burst, seeded) => {
        const callee = new SimulatedCallee(n);
        for (let i = 0; i < burst; i++) callee.send({ at: 1, serviceMs: cost }, i % n);
        callee.run(burst * cost + 10);
        const from = callee.now + 100;
        openLoop(callee, { from, to: from + 4_000, times: 0.7, serviceMs: cost }, randomOf(seeded), n);
        callee.run(from + 500);
        callee.now += pause;
        callee.run(from + 6_000);
        expect(callee.refused).to.have.length(0);
      }),
      RUNS,
    );
  });

  it('keeps what it admits short of waiting, and the process busy with it, under any lasting overload', () => {
    const overloads = fc.double({ min: 1.2, max: 10, noNaN: true });
    fc.assert(
      fc.property(longServiceMs, connections, overloads, seed, (ofAll, n, times, seeded) => {
        const cost = Math.max(0.3, ofAll / n);
        const callee = new SimulatedCallee(n);
        openLoop(callee, { from: 0, to: 16_000, times, serviceMs: cost }, randomOf(seeded), n);
        callee.run(15_500);
        const steady = callee.outcomes.filter(({ at, admitted }) => admitted && at > 12_000 && at < 15_000);
        const waits = steady.map(({ waitedMs }) => waitedMs).sort((a, b) => a - b);
        const allowance = ADMISSION_RULES.lateCalls * cost + 2 * n * (TURN_MS + cost);
        expect(waits[Math.floor(waits.length * 0.95)] ?? 0).to.be.at.most(MAX_DELAY_MS + allowance + TURN_MS);
        expect((steady.length * cost) / 3_000, 'of the time, for calls').to.be.at.least(0.8);
      }),
      RUNS,
    );
  });

  it('ends when the overload does', () => {
    fc.assert(
      fc.property(longServiceMs, connections, seed, (ofAll, n, seeded) => {
        const cost = Math.max(0.3, ofAll / n);
        const callee = new SimulatedCallee(n);
        const random = randomOf(seeded);
        openLoop(callee, { from: 0, to: 4_000, times: 3, serviceMs: cost }, random, n);
        openLoop(callee, { from: 4_000, to: 7_000, times: 0.5, serviceMs: cost }, random, n);
        callee.run(6_900);
        expect(callee.refused.filter(({ at }) => at > 5_000)).to.have.length(0);
      }),
      RUNS,
    );
  });

  it('takes a process that is never idle, but takes turns, for no overload', () => {
    const spins = fc.double({ min: 0.1, max: 8, noNaN: true });
    fc.assert(
      fc.property(spins, fc.integer({ min: 20, max: 5_000 }), (spinMs, everyMs) => {
        const callee = new SimulatedCallee();
        callee.spinMs = spinMs;
        for (let at = 5; at < 20_000; at += everyMs) callee.send({ at, serviceMs: 0.1 });
        callee.run(20_000);
        expect(callee.refused).to.have.length(0);
      }),
      RUNS,
    );
  });

  it('lets a few calls through, however long each takes', () => {
    const callee = new SimulatedCallee();
    for (let at = 0; at < 20_000; at += 100) callee.send({ at, serviceMs: 400 });
    callee.run(20_000);
    expect(callee.outcomes.filter(({ admitted }) => admitted)).to.have.length.at.least(40);
  });

  it('is off with 0, and takes no time that cannot be meant', () => {
    const watch = new LoopWatch(
      { idleMs: () => 0, afterReads: () => {} },
      { now: () => 0, schedule: () => () => {} },
    );
    expect(admissionFor(0, watch)).to.equal(undefined);
    expect(admissionFor(undefined, watch)).to.be.instanceOf(Admission);
    for (const delay of [-1, 0.5, Number.NaN, 1e9]) {
      expect(() => admissionFor(delay, watch)).to.throw(RangeError, 'WEAVERD_MAX_QUEUE_DELAY_MS');
    }
  });
});

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, index) => index);
}
