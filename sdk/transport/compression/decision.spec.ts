import { expect } from 'chai';
import fc from 'fast-check';
import { decide, MARGIN_TO_BEGIN, MARGIN_TO_GO_ON, OFF } from './decision.js';

const wire = fc.double({ min: 0, max: 10_000, noNaN: true });
const level = (number: number) =>
  fc.record({
    level: fc.constant(number),
    size: fc.double({ min: 0, max: 1.2, noNaN: true }),
    cpuNsPerByte: fc.double({ min: 0, max: 1_000, noNaN: true }),
  });
const levels = fc.tuple(level(1), level(5)).chain(([one, five]) => fc.subarray([one, five]));
const choice = fc.constantFrom(OFF, { kind: 'on', level: 1 } as const, { kind: 'on', level: 5 } as const);

describe('Whether compression pays', () => {
  it('begins only when the wire time saved is so many times the CPU time', () => {
    fc.assert(
      fc.property(wire, levels, (wireNs, measured) => {
        const decided = decide(wireNs, measured, OFF);
        const pays = measured.filter((m) => wireNs * (1 - m.size) > MARGIN_TO_BEGIN * m.cpuNsPerByte);
        if (decided.kind === 'on') expect(pays.map((m) => m.level)).to.include(decided.level);
        else expect(pays).to.deep.equal([]);
      }),
    );
  });

  it('is settled: what was decided is decided again, and on a slower link too', () => {
    fc.assert(
      fc.property(wire, wire, levels, choice, (wireNs, more, measured, current) => {
        const decided = decide(wireNs, measured, current);
        expect(decide(wireNs, measured, decided)).to.deep.equal(decided);
        if (decided.kind === 'on') expect(decide(wireNs + more, measured, decided).kind).to.equal('on');
      }),
    );
  });

  it('goes on down to a lower margin, and not below it', () => {
    fc.assert(
      fc.property(wire, level(1), (wireNs, measured) => {
        const current = { kind: 'on', level: 1 } as const;
        const pays = wireNs * (1 - measured.size) > MARGIN_TO_GO_ON * measured.cpuNsPerByte;
        expect(decide(wireNs, [measured], current)).to.deep.equal(pays ? current : OFF);
      }),
    );
  });

  it('is off for bodies that do not shrink, on any link', () => {
    fc.assert(
      fc.property(wire, choice, (wireNs, current) => {
        const measured = [1, 5].map((number) => ({ level: number, size: 1, cpuNsPerByte: 0 }));
        expect(decide(wireNs, measured, current)).to.deep.equal(OFF);
      }),
    );
  });

  it('takes the level that saves most: a fast one on a fast link, a thorough one on a slow link', () => {
    const measured = [
      { level: 1, size: 0.3, cpuNsPerByte: 4 },
      { level: 5, size: 0.25, cpuNsPerByte: 18 },
    ];
    expect(decide(0.8, measured, OFF)).to.deep.equal(OFF);
    expect(decide(80, measured, OFF)).to.deep.equal({ kind: 'on', level: 1 });
    expect(decide(1_000, measured, OFF)).to.deep.equal({ kind: 'on', level: 5 });
    // Not so much better that it is worth a change.
    expect(decide(300, measured, { kind: 'on', level: 1 })).to.deep.equal({ kind: 'on', level: 1 });
  });
});
