import { expect } from 'chai';
import fc from 'fast-check';
import type { Load } from '../../sdk/protocol/control.js';
import { COOL_DOWN_MS, type ScaleMemory, scale, TARGET_UTILIZATION } from './scale.js';

function load(change: Partial<Load> = {}): Load {
  return {
    intervalMs: 1000,
    cpuMs: 0,
    rssBytes: 0,
    eventLoopUtilization: 0,
    methods: [],
    handshakesRefused: {},
    ...change,
  };
}

function busy(replicas: number, utilization: number): readonly Load[] {
  return Array.from({ length: replicas }, () => load({ eventLoopUtilization: utilization }));
}

const at = (replicas: number, low?: ScaleMemory['low']): ScaleMemory => ({ replicas, low });
const RANGE = { min: 2, max: 10 };

describe('scale', () => {
  it('stays within the range, whatever it remembers', () => {
    expect(scale({ min: 3, max: 3 }, busy(3, 1), at(9), 0).replicas).to.equal(3);
    expect(scale(RANGE, [], at(1), 0).replicas).to.equal(2);
    expect(scale(RANGE, [], at(40), 0).replicas).to.equal(10);
    expect(scale(RANGE, [], at(4), 0).explanation).to.equal('4: no replica has reported its load');
  });

  it('adds replicas at once, as many as the load needs, at most twice as many in a step', () => {
    const up = scale(RANGE, busy(4, 0.9), at(4), 0);
    expect(up.replicas).to.equal(6);
    expect(up.explanation).to.equal('6, up: 4 serving use 90 % each, the target is 70 %');
    expect(scale({ min: 1, max: 100 }, busy(20, 1), at(6), 0).replicas).to.equal(12);
    expect(scale(RANGE, busy(8, 1), at(8), 0).replicas).to.equal(10);
  });

  it('counts the larger of CPU time and event-loop utilization, and a core at most', () => {
    expect(scale(RANGE, [load({ cpuMs: 950 }), load({ cpuMs: 3000 })], at(2), 0).replicas).to.equal(3);
    expect(
      scale(RANGE, [load({ cpuMs: 100, eventLoopUtilization: 0.95 }), load({ cpuMs: 950 })], at(2), 0)
        .replicas,
    ).to.equal(3);
  });

  it('does not add more while those that it added are starting', () => {
    const first = scale(RANGE, busy(2, 1), at(2), 0);
    expect(first.replicas).to.equal(3);
    expect(scale(RANGE, busy(2, 1), first.memory, 5000).replicas).to.equal(3);
  });

  it('removes replicas only after the load was low for long, and then keeps what the peak needed', () => {
    let memory = at(10);
    const step = (utilization: number, now: number) => {
      const decided = scale(RANGE, busy(memory.replicas, utilization), memory, now);
      memory = decided.memory;
      return decided.replicas;
    };
    expect(step(0.1, 0)).to.equal(10);
    expect(step(0.3, 60_000)).to.equal(10);
    expect(step(0.1, COOL_DOWN_MS - 1)).to.equal(10);
    expect(step(0.1, COOL_DOWN_MS)).to.equal(5);
    expect(step(0.1, COOL_DOWN_MS + 1)).to.equal(5);
  });

  it('waits anew when the load came back meanwhile', () => {
    const low = scale(RANGE, busy(6, 0.1), at(6), 0);
    const back = scale(RANGE, busy(6, 0.7), low.memory, COOL_DOWN_MS - 1);
    expect(back.memory.low).to.equal(undefined);
    expect(scale(RANGE, busy(6, 0.1), back.memory, COOL_DOWN_MS).replicas).to.equal(6);
  });

  it('comes to rest under a steady load, with enough replicas for it', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 15, noNaN: true }),
        fc.integer({ min: 1, max: 10 }),
        (work, start) => {
          let memory = at(start);
          const seen: number[] = [];
          for (let now = 0; now < 5 * COOL_DOWN_MS; now += 5000) {
            const { replicas, memory: next } = scale(
              RANGE,
              busy(memory.replicas, Math.min(1, work / memory.replicas)),
              memory,
              now,
            );
            memory = next;
            seen.push(replicas);
          }
          const rest = seen.slice(-10);
          expect(new Set(rest).size).to.equal(1);
          const replicas = rest[0] ?? 0;
          expect(replicas).to.be.within(RANGE.min, RANGE.max);
          expect(replicas === RANGE.max || work / replicas <= TARGET_UTILIZATION * 1.1).to.equal(true);
        },
      ),
    );
  });
});
