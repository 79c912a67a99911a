import { expect } from 'chai';
import fc from 'fast-check';
import { NO_OWNER } from '../protocol/control.js';
import { changesBetween, grantedTo, KEY_SPACE, type SliceRange } from './slice-ranges.js';

const SELF = { replica: 'r1', generation: 2 };
const points = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 2, maxLength: 12 });

/** Sorted ranges without overlaps. */
const ranges = fc
  .tuple(points, fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 12, maxLength: 12 }))
  .map(([cuts, epochs]): SliceRange[] => {
    const sorted = [...new Set(cuts)].sort((a, b) => a - b);
    return sorted.flatMap((start, i) => {
      const end = sorted[i + 1];
      const epoch = epochs[i];
      return end === undefined || epoch === undefined || (start + epoch) % 4 === 0
        ? []
        : [{ start, end, epoch }];
    });
  });

const at = (all: readonly SliceRange[], hash: number) =>
  all.find(({ start, end }) => start <= hash && hash < end)?.epoch;

describe('changesBetween', () => {
  it('says of each hash what becomes of it', () => {
    fc.assert(
      fc.property(ranges, ranges, fc.boolean(), (held, granted, mayRise) => {
        const { kept, lost, gained } = changesBetween(held, granted, () => mayRise);
        for (let hash = 0; hash < 41; hash++) {
          const before = at(held, hash);
          const after = at(granted, hash);
          const isRaised = mayRise && before !== undefined && after !== undefined && after > before;
          const goesOn = before === after || isRaised;
          expect(at(kept, hash)).to.equal(goesOn ? after : undefined);
          expect(at(lost, hash)).to.equal(goesOn ? undefined : before);
          expect(at(gained, hash)).to.equal(goesOn ? undefined : after);
        }
        for (const { held: whole, start, end } of [...kept, ...lost])
          expect(whole.start <= start && end <= whole.end && start < end).to.equal(true);
      }),
    );
  });

  it('keeps what is held whole', () => {
    const held = [{ start: 0, end: 100, epoch: 3 }];
    const granted = [
      { start: 0, end: 50, epoch: 3 },
      { start: 50, end: 100, epoch: 3 },
    ];
    expect(changesBetween(held, granted, () => false)).to.deep.equal({
      kept: [{ held: held[0], start: 0, end: 100, epoch: 3 }],
      lost: [],
      gained: [],
    });
  });
});

describe('grantedTo', () => {
  const address = { kind: 'unix', path: '/r' } as const;
  const routing = (owners: readonly number[], epochs: readonly number[] | undefined) => ({
    component: 'C',
    epoch: 1,
    replicas: [
      { replica: 'r1', generation: 1, group: 'g', address },
      { replica: 'r1', generation: 2, group: 'g', address },
    ],
    assignment: { starts: [0, 10, 20, 30], owners, epochs },
  });

  it('is what the routing says of this generation of this replica', () => {
    expect(grantedTo(SELF, routing([1, 1, 0, 1], [4, 4, 4, 5]))).to.deep.equal([
      { start: 0, end: 20, epoch: 4 },
      { start: 30, end: KEY_SPACE, epoch: 5 },
    ]);
    expect(grantedTo(SELF, routing([1, NO_OWNER, 1, 0], [4, 9, 5, 5]))).to.deep.equal([
      { start: 0, end: 10, epoch: 4 },
      { start: 20, end: 30, epoch: 5 },
    ]);
  });

  it('is nothing without epochs, for another generation, and before there is an assignment', () => {
    expect(grantedTo(SELF, routing([1, 1, 1, 1], undefined))).to.deep.equal([]);
    expect(grantedTo({ ...SELF, generation: 3 }, routing([1, 1, 1, 1], [1, 1, 1, 1]))).to.deep.equal([]);
    expect(grantedTo(SELF, { ...routing([], []), assignment: undefined })).to.deep.equal([]);
  });
});
