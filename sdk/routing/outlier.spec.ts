import { expect } from 'chai';
import fc from 'fast-check';
import type { ClientConnection } from '../transport/transport.js';
import type { Member } from './member.js';
import { isAsUsual, MAX_FAILURES, MIN_SAMPLES, outliers, SLOW_FACTOR, type Vital } from './outlier.js';
import { PeerPool } from './peer-pool.js';
import { ReplicaSet } from './replica-set.js';
import { UsualLatency } from './usual-latency.js';

const vital = fc.record({
  slowness: fc.double({ min: -10, max: 10, noNaN: true }),
  samples: fc.nat(2 * MIN_SAMPLES),
  failures: fc.nat(2 * MAX_FAILURES),
  out: fc.boolean(),
});
const well: Vital = { slowness: 0, samples: MIN_SAMPLES, failures: 0, out: false };
const slow: Vital = { ...well, slowness: Math.log(20) };

describe('outliers', () => {
  it('never has more than half of the replicas out, nor takes one out twice', () => {
    fc.assert(
      fc.property(fc.array(vital, { maxLength: 9 }), (all) => {
        const chosen = outliers(all);
        expect(new Set(chosen).size).to.equal(chosen.length);
        for (const index of chosen) expect(all[index]?.out).to.equal(false);
        const before = all.filter(({ out }) => out).length;
        expect(before + chosen.length).to.be.at.most(Math.max(before, Math.floor(all.length / 2)));
      }),
    );
  });

  it('takes out nobody who answers as fast as the middle one', () => {
    fc.assert(
      fc.property(fc.array(vital, { maxLength: 9 }), (all) => {
        for (const index of outliers(all)) {
          const { failures = 0, samples = 0, slowness = 0 } = all[index] ?? {};
          const slower = all.filter((each) => !each.out && each.slowness < slowness - Math.log(SLOW_FACTOR));
          expect(failures >= MAX_FAILURES || (samples >= MIN_SAMPLES && slower.length > 0)).to.equal(true);
        }
      }),
    );
  });

  it('does not depend on the order of the replicas', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: -5, max: 5 }), { maxLength: 8 }), (slownesses) => {
        const all = slownesses.map((slowness) => ({ ...well, slowness }));
        const names = (vitals: readonly Vital[]) => outliers(vitals).map((index) => vitals[index]?.slowness);
        expect(names(all.toReversed())).to.deep.equal(names(all));
      }),
    );
  });

  it('finds the slow and the failing one among its peers, and nothing where all are alike', () => {
    const failing = { ...well, failures: MAX_FAILURES };
    expect(outliers([well, slow, well, well])).to.deep.equal([1]);
    expect(outliers([well, slow, failing, well])).to.deep.equal([2, 1]);
    expect(outliers([slow, well])).to.deep.equal([0]);
    expect(outliers([slow])).to.deep.equal([]);
    expect(outliers([slow, slow, slow])).to.deep.equal([]);
    expect(outliers([failing, failing, failing])).to.deep.equal([]);
    expect(outliers([well, { ...slow, samples: MIN_SAMPLES - 1 }])).to.deep.equal([]);
  });

  it('takes a probe for well when it is as fast as those that are in', () => {
    const others = [well, well, { ...slow, out: true }];
    expect(isAsUsual(0.1, others)).to.equal(true);
    expect(isAsUsual(Math.log(20), others)).to.equal(false);
    expect(isAsUsual(5, [])).to.equal(true);
  });
});

describe('UsualLatency', () => {
  it('makes methods comparable: a slow method is not a slow replica', () => {
    const [quick, long] = [new UsualLatency(), new UsualLatency()];
    for (let i = 0; i < 100; i++) {
      expect(quick.slowness(1)).to.be.closeTo(0, 1e-9);
      expect(long.slowness(500)).to.be.closeTo(0, 1e-9);
    }
    expect(quick.slowness(20)).to.be.above(Math.log(SLOW_FACTOR));
  });
});

describe('ReplicaSet', () => {
  async function replicasOf(count: number) {
    const pool = new PeerPool(
      async () => connection(),
      0,
      Math.random,
      () => 0,
    );
    const set = new ReplicaSet('Cart', pool);
    const routing = (names: readonly string[]) => ({
      component: 'Cart',
      epoch: 1,
      replicas: names.map((replica) => ({
        replica,
        generation: 1,
        group: 'g',
        address: { kind: 'unix' as const, path: `/${replica}` },
      })),
      assignment: undefined,
    });
    const names = Array.from({ length: count }, (_, i) => `r${i}`);
    set.update(routing(names));
    const members = new Set<Member>();
    while (members.size < count) {
      const member = set.choose(undefined);
      if (member !== undefined) members.add(member);
    }
    for (const { peer } of members) await peer.connect();
    const named = (name: string) => {
      const found = [...members].find(({ peer }) => peer.routed.replica === name);
      if (found === undefined) throw new Error(`no ${name}`);
      return found;
    };
    return { set, named, update: (left: readonly string[]) => set.update(routing(left)) };
  }

  function chosenOf(set: ReplicaSet): ReadonlySet<string | undefined> {
    return new Set(Array.from({ length: 300 }, () => set.choose(undefined)?.peer.routed.replica));
  }

  it('sends nothing to a slow replica until probes find it well again', async () => {
    const { set, named } = await replicasOf(4);
    for (let i = 0; i < MIN_SAMPLES; i++)
      for (const name of ['r0', 'r1', 'r2', 'r3'])
        set.answered(named(name), name === 'r2' ? Math.log(20) : 0, i * 100);
    set.answered(named('r0'), 0, 10_000);
    expect(chosenOf(set)).to.deep.equal(new Set(['r0', 'r1', 'r3']));
    expect(set.toProbe(10_001)).to.equal(undefined);
    const probed = set.toProbe(12_000);
    expect(probed).to.equal(named('r2'));
    expect(set.toProbe(12_000), 'one probe at a time').to.equal(undefined);
    set.answered(named('r2'), Math.log(20), 12_100);
    expect(set.toProbe(12_200), 'out again, for longer').to.equal(undefined);
    for (let probe = 0; probe < 3; probe++) {
      expect(chosenOf(set).has('r2')).to.equal(false);
      expect(set.toProbe(20_000 + probe)).to.equal(named('r2'));
      if (probe === 1) {
        set.unknown(named('r2'), 20_001);
        expect(set.toProbe(20_001)).to.equal(named('r2'));
      }
      set.answered(named('r2'), 0, 20_000 + probe);
    }
    expect(chosenOf(set)).to.include('r2');
    expect(set.toProbe(50_000)).to.equal(undefined);
  });

  it('takes out one that fails while others answer, and uses it when it is all that is left', async () => {
    const { set, named, update } = await replicasOf(2);
    for (let i = 0; i < MAX_FAILURES; i++) set.failed(named('r1'), i);
    expect(chosenOf(set)).to.deep.equal(new Set(['r0']));
    for (let i = 0; i < MAX_FAILURES; i++) set.failed(named('r0'), i);
    expect(chosenOf(set), 'never all').to.deep.equal(new Set(['r0']));
    update(['r1']);
    expect(chosenOf(set)).to.deep.equal(new Set(['r1']));
  });
});

/** As much of a connection as a peer looks at. */
function connection(): ClientConnection {
  return {
    state: 'open',
    outstanding: 0,
    load: 0,
    onStateChange: () => {},
    drain: async () => {},
    close: () => {},
  } as unknown as ClientConnection;
}
