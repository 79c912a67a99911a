import { expect } from 'chai';
import fc from 'fast-check';
import { SPACE } from '../slicer/slices.js';
import { advance as advanceAll, type Grant, newestTaking, type Situation, UNGRANTED } from './grants.js';
import type { Holder } from './holder.js';

const holder = (replica: string, generation = 1, version = 'v1'): Holder => ({
  version,
  replica,
  generation,
  host: 'h1',
  at: { group: 'Cart', address: { kind: 'unix', path: '/' }, remoteAddress: undefined },
  seen: { generation: 1, sequence: 1 },
});
const halves = (...owners: string[]) => ({
  starts: owners.map((_, index) => (index * SPACE) / owners.length),
  owners,
});
const situation = (changed: Partial<Situation>): Situation => ({
  desired: undefined,
  candidates: new Map(),
  hasLetGo: () => false,
  hasLapsed: () => false,
  isDoubtful: false,
  mayTake: () => true,
  ...changed,
});
const advance = (...given: Parameters<typeof advanceAll>) => advanceAll(...given).grants;
const candidates = (...all: Holder[]) => new Map(all.map((each) => [each.replica, each]));
const shown = (grants: readonly Grant[]) =>
  grants.map(({ start, epoch, holder: of, takenAt }) => [start / SPACE, of?.replica, epoch, takenAt]);

describe('grants of keys', () => {
  let newest: number;
  const nextEpoch = () => ++newest;
  beforeEach(() => {
    newest = 0;
  });
  const both = () =>
    advance(
      UNGRANTED,
      situation({ desired: halves('a', 'b'), candidates: candidates(holder('a'), holder('b')) }),
      nextEpoch,
    );

  it('gives at once what nobody has had, and nothing to those who cannot act', () => {
    expect(shown(both())).to.deep.equal([
      [0, 'a', 1, undefined],
      [0.5, 'b', 1, undefined],
    ]);
    const desired = halves('a', 'b');
    const one = advance(UNGRANTED, situation({ desired, candidates: candidates(holder('b')) }), nextEpoch);
    expect(shown(one)).to.deep.equal([
      [0, undefined, 0, undefined],
      [0.5, 'b', 2, undefined],
    ]);
    expect(advance(one, situation({ desired, candidates: candidates(holder('b')) }), nextEpoch)).to.equal(
      one,
    );
  });

  it('takes, waits until it is let go, and then gives it with a higher epoch', () => {
    const first = both();
    const moved = { desired: halves('b', 'b'), candidates: candidates(holder('a'), holder('b')) };
    const taken = advance(first, situation(moved), nextEpoch);
    expect(shown(taken)).to.deep.equal([
      [0, 'a', 1, 2],
      [0.5, 'b', 1, undefined],
    ]);
    expect(newestTaking(taken, 'v1')).to.equal(2);
    expect(newestTaking(taken, 'v2')).to.equal(0);
    expect(advance(taken, situation(moved), nextEpoch)).to.equal(taken);
    // Also when it should stay where it was meanwhile.
    const back = situation({ ...moved, desired: halves('a', 'b') });
    expect(advance(taken, back, nextEpoch)).to.equal(taken);
    const settled = (of: Holder, takenAt: number | undefined) => of.replica === 'a' && (takenAt ?? 9) <= 2;
    const given = advance(taken, situation({ ...moved, hasLetGo: settled }), nextEpoch);
    expect(shown(given)).to.deep.equal([
      [0, 'b', 3, undefined],
      [0.5, 'b', 1, undefined],
    ]);
  });

  it('gives what a process that has ended had to the next one at once, and takes nothing while nobody else can act', () => {
    const ended = (of: Holder) => of.replica === 'a' && of.generation === 1;
    const again = candidates(holder('a', 2), holder('b'));
    const given = advance(
      both(),
      situation({ desired: halves('a', 'b'), candidates: again, hasLetGo: ended }),
      nextEpoch,
    );
    expect(given[0]?.holder?.generation).to.equal(2);
    expect(given[0]?.epoch).to.be.greaterThan(1);
    expect(advance(given, situation({ desired: halves('b', 'a') }), nextEpoch)).to.equal(given);
    const kept = situation({ desired: halves('b', 'a'), candidates: again, mayTake: () => false });
    expect(advance(given, kept, nextEpoch)).to.equal(given);
  });

  it('keeps the epochs of a slice that is split, and takes the higher of two that merge', () => {
    const first = both();
    const only = candidates(holder('a'), holder('b'));
    const split = advance(
      first,
      situation({ desired: halves('a', 'a', 'b', 'b'), candidates: only }),
      nextEpoch,
    );
    expect(split).to.equal(first);
    const gone = (of: Holder) => of.replica === 'b';
    const all = advance(
      first,
      situation({ desired: halves('a', 'a'), candidates: candidates(holder('a')), hasLetGo: gone }),
      nextEpoch,
    );
    expect(shown(all)).to.deep.equal([
      [0, 'a', 1, undefined],
      [0.5, 'a', 2, undefined],
    ]);
    const merged = advance(
      all,
      situation({ desired: halves('a'), candidates: candidates(holder('a')), hasLetGo: gone }),
      nextEpoch,
    );
    expect(shown(merged)).to.deep.equal([[0, 'a', 2, undefined]]);
  });

  it('covers the space with no more grants than slices and hand-overs need, over any history', () => {
    const names = ['a', 'b', 'c', 'd'];
    const assignment = fc
      .uniqueArray(fc.integer({ min: 1, max: SPACE - 1 }), { maxLength: 12 })
      .chain((starts) =>
        fc.record({
          starts: fc.constant([0, ...starts.sort((a, b) => a - b)]),
          owners: fc.array(fc.constantFrom(...names), {
            minLength: starts.length + 1,
            maxLength: starts.length + 1,
          }),
        }),
      );
    fc.assert(
      fc.property(fc.array(assignment, { minLength: 1, maxLength: 8 }), (history) => {
        let grants = UNGRANTED;
        const all = candidates(...names.map((name) => holder(name)));
        for (const desired of history) {
          const taken = advance(grants, situation({ desired, candidates: all }), nextEpoch);
          const given = advance(
            taken,
            situation({ desired, candidates: all, hasLetGo: (_, takenAt) => takenAt !== undefined }),
            nextEpoch,
          );
          for (const each of [taken, given]) {
            expect(each[0]?.start).to.equal(0);
            expect(
              each.every(({ start }, index) => index === 0 || start > (each[index - 1]?.start ?? 0)),
            ).to.equal(true);
          }
          expect(
            given.every(({ takenAt, holder: of }) => takenAt === undefined && of !== undefined),
          ).to.equal(true);
          expect(given.length).to.be.at.most(2 * desired.starts.length);
          grants = given;
        }
      }),
    );
  });
});
