import { expect } from 'chai';
import fc from 'fast-check';
import { explainChoice } from './explain-choice.js';
import { type Choice, type PlacementRequest, place } from './place.js';
import type { PlacementHost } from './placement-host.js';
import { hasLabels, NO_NEEDS, type ReplicaNeeds } from './replica-needs.js';

const MIB = 1024 ** 2;

function host(name: string, change: Partial<PlacementHost> = {}): PlacementHost {
  return {
    host: name,
    status: 'alive',
    draining: false,
    labels: {},
    zone: undefined,
    capacity: { cpus: 4, memoryBytes: 1024 * MIB, maxReplicas: 20 },
    ...change,
  };
}

function room(maxReplicas: number): Pick<PlacementHost, 'capacity'> {
  return { capacity: { cpus: 4, memoryBytes: 1024 * MIB, maxReplicas } };
}

interface NamedGroup {
  readonly needs: ReplicaNeeds;
  readonly keys: readonly string[];
}

function group(name: string, replicas: number, needs: Partial<ReplicaNeeds> = {}): NamedGroup {
  return {
    needs: { ...NO_NEEDS, ...needs },
    keys: Array.from({ length: replicas }, (_, index) => `${name}-${index}`),
  };
}

/** By replica. */
function placed(
  hosts: readonly PlacementHost[],
  groups: readonly NamedGroup[],
  places: ReadonlyMap<string, string> = new Map(),
  held: PlacementRequest['held'] = [],
): ReadonlyMap<string, Choice> {
  const choices = place({
    hosts,
    groups: groups.map(({ needs, keys }) => ({ needs, places: keys.map((key) => places.get(key)) })),
    held,
  });
  return new Map(
    groups.flatMap(({ keys }, at) => {
      const chosen = choices[at] ?? [];
      expect(chosen.length, 'a choice for each').to.equal(keys.length);
      return keys.flatMap((key, index): [string, Choice][] => {
        const choice = chosen[index];
        return choice === undefined ? [] : [[key, choice]];
      });
    }),
  );
}

function hostsOf(choices: ReadonlyMap<string, Choice>): Map<string, string> {
  return new Map([...choices].flatMap(([key, choice]) => ('host' in choice ? [[key, choice.host]] : [])));
}

function countBy(values: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

describe('place', () => {
  it('spreads a group over zones, then over the hosts of each', () => {
    const hosts = ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'c2'].map((name) => host(name, { zone: name[0] }));
    const where = [...hostsOf(placed(hosts, [group('x', 6)])).values()];
    expect(countBy(where.map((name) => name[0] ?? ''))).to.deep.equal({ a: 2, b: 2, c: 2 });
    expect(countBy(where)).to.include({ b1: 2, c1: 1, c2: 1 });
  });

  it('spreads over hosts alone, or not at all, where that is asked for', () => {
    const hosts = ['a1', 'a2', 'a3', 'b1'].map((name) => host(name, { zone: name[0] }));
    const overHosts = hostsOf(placed(hosts, [group('x', 4, { spread: 'host' })]));
    expect(countBy(overHosts.values())).to.deep.equal({ a1: 1, a2: 1, a3: 1, b1: 1 });
    const roomy = [host('big', room(1000)), host('small', room(4))];
    const wherever = placed(
      roomy,
      [group('x', 1), group('y', 8, { spread: 'none' })],
      new Map([['x-0', 'small']]),
    );
    expect(countBy(hostsOf(wherever).values())).to.deep.equal({ big: 8, small: 1 });
  });

  it('takes the least loaded by the largest share of replicas, CPUs or memory', () => {
    const hosts = [host('a'), host('b'), host('c')];
    const places = new Map([
      ['m-0', 'a'],
      ['r-0', 'b'],
      ['r-1', 'b'],
      ['p-0', 'c'],
    ]);
    const groups = [group('m', 1, { memoryBytes: 900 * MIB }), group('r', 2), group('p', 1, { cpus: 3 })];
    const choices = placed(hosts, [...groups, group('new', 1)], places);
    expect(choices.get('new-0')).to.deep.include({ kind: 'placed', host: 'b', rule: 'load' });
  });

  it('leaves on a suspect host what it has, and gives it nothing new', () => {
    const hosts = [host('a', { status: 'suspect' }), host('b')];
    const where = hostsOf(placed(hosts, [group('x', 3)], new Map([['x-0', 'a']])));
    expect([...where.values()]).to.deep.equal(['a', 'b', 'b']);
  });

  it('moves what is on draining and dead hosts, and says from where', () => {
    const hosts = [host('a', { draining: true }), host('b', { status: 'dead' }), host('c'), host('d')];
    const places = new Map([
      ['x-0', 'a'],
      ['x-1', 'b'],
      ['x-2', 'c'],
    ]);
    const choices = placed(hosts, [group('x', 3)], places);
    expect(choices.get('x-2')).to.deep.equal({ kind: 'stays', host: 'c' });
    expect(choices.get('x-0')).to.deep.include({ host: 'd', from: { host: 'a', why: 'draining' } });
    expect(choices.get('x-1')).to.deep.include({ from: { host: 'b', why: 'gone' } });
    expect(explainChoice(choices.get('x-0') as Choice)).to.equal(
      'd: the least loaded, of 3 hosts 2 take new replicas, 2 have the labels, 2 have room; it was on a, which is draining',
    );
  });

  it('leaves a replica on a draining host when there is no room elsewhere, and says so', () => {
    const hosts = [host('a', { draining: true }), host('b', room(1))];
    const places = new Map([
      ['x-0', 'a'],
      ['y-0', 'b'],
    ]);
    const choice = placed(hosts, [group('x', 1), group('y', 1)], places).get('x-0');
    expect(choice).to.deep.include({ kind: 'held', host: 'a', why: 'draining' });
    expect(explainChoice(choice as Choice)).to.equal(
      'held on a, which is draining, since the one host that fits, b, is full: 1 of 1 replicas',
    );
  });

  it('gives each group its first replica before any has more', () => {
    const choices = placed([host('a', room(3))], [group('x', 5), group('y', 1), group('z', 1)]);
    expect([...hostsOf(choices).keys()].sort()).to.deep.equal(['x-0', 'y-0', 'z-0']);
  });

  it('counts what is on its way out as taking room', () => {
    const choices = placed([host('a', room(1))], [group('x', 1)], new Map(), [
      { host: 'a', needs: NO_NEEDS },
    ]);
    expect(choices.get('x-0')?.kind).to.equal('unplaced');
  });

  it('names what is lacking', () => {
    const why = (hosts: readonly PlacementHost[], needs: Partial<ReplicaNeeds>, replicas = 1) => {
      const choice = placed(hosts, [group('x', replicas, needs)]).get(`x-${replicas - 1}`);
      return choice?.kind === 'unplaced' ? choice.reason : choice;
    };
    const three = [host('a'), host('b'), host('c')];
    expect(why([], {})).to.equal('no host is alive');
    expect(why(three, { labels: { gpu: 'true' } })).to.equal('needs label gpu=true: no host has it');
    expect(
      why([host('a', { labels: { gpu: 'true' }, draining: true }), host('b')], { labels: { gpu: 'true' } }),
    )
      .to.contain('needs label gpu=true: the host a')
      .and.to.contain('1 draining');
    expect(why(three, { memoryBytes: 4096 * MIB })).to.equal(
      'needs 4096 MiB of memory: no host has more than 1024 MiB; ask for less in resources.memory',
    );
    expect(why(three, { cpus: 5 })).to.contain('needs 5 CPUs: no host has more than 4');
    expect(why([host('a', room(5)), host('b', room(5)), host('c', room(10))], {}, 21)).to.equal(
      'all 3 hosts that fit are full: 20 of 20 replicas',
    );
    expect(why([host('a')], { memoryBytes: 600 * MIB }, 2)).to.equal(
      'the one host that fits, a, is full: 600 MiB of 1024 MiB, 600 MiB more needed on one',
    );
    expect(why([host('a')], { cpus: 1.5 }, 3)).to.contain('3 of 4 CPUs, 1.5 more needed on one');
  });

  const status = fc.constantFrom<PlacementHost['status'][]>(
    'alive',
    'alive',
    'alive',
    'suspect',
    'dead',
    'left',
  );
  const anyHost = fc.record({
    status,
    draining: fc.constantFrom(false, false, false, true),
    labels: fc.constantFrom<Record<string, string>[]>({}, { disk: 'ssd' }, { disk: 'ssd', gpu: 'true' }),
    zone: fc.constantFrom(undefined, 'z1', 'z2', 'z3'),
    capacity: fc.record({
      cpus: fc.constantFrom(1, 4),
      memoryBytes: fc.constantFrom(256 * MIB, 1024 * MIB),
      maxReplicas: fc.integer({ min: 0, max: 6 }),
    }),
  });
  const fleet = fc
    .array(anyHost, { maxLength: 12 })
    .map((all) => all.map((each, index) => ({ host: `h${index}`, ...each })));
  const anyGroups = fc
    .array(
      fc.record({
        count: fc.integer({ min: 1, max: 12 }),
        needs: fc.record({
          cpus: fc.constantFrom(0, 0.5, 1.1),
          memoryBytes: fc.constantFrom(0, 64 * MIB, 300 * MIB),
          labels: fc.constantFrom<Record<string, string>[]>({}, {}, { disk: 'ssd' }, { disk: 'hdd' }),
          spread: fc.constantFrom<ReplicaNeeds['spread'][]>('zone', 'host', 'none'),
        }),
      }),
      { maxLength: 6 },
    )
    .map((all) => all.map(({ count, needs }, index) => group(`g${index}`, count, needs)));

  const keysOf = (groups: readonly NamedGroup[]) => groups.flatMap(({ keys }) => keys);

  it('never overcommits a host, gives none what it may not have, and has a reason for each without a host', () => {
    fc.assert(
      fc.property(fleet, anyGroups, (hosts, groups) => {
        const choices = placed(hosts, groups);
        expect([...choices.keys()].sort()).to.deep.equal(keysOf(groups).sort());
        for (const each of hosts) {
          const on = groups.flatMap(({ keys, needs }) =>
            keys.flatMap((key) => (hostsOf(choices).get(key) === each.host ? [needs] : [])),
          );
          const sum = (of: (needs: ReplicaNeeds) => number) =>
            on.reduce((total, needs) => total + of(needs), 0);
          expect(on.length).to.be.at.most(each.capacity.maxReplicas);
          expect(sum(({ cpus }) => cpus)).to.be.at.most(each.capacity.cpus + 1e-6);
          expect(sum(({ memoryBytes }) => memoryBytes)).to.be.at.most(each.capacity.memoryBytes);
          if (each.status !== 'alive' || each.draining) expect(on).to.deep.equal([]);
          for (const { labels } of on) expect(hasLabels(each, labels)).to.equal(true);
        }
        for (const choice of choices.values())
          if (choice.kind === 'unplaced') expect(choice.reason).to.match(/^(no host|needs|all|the)/);
      }),
    );
  });

  it('leaves nobody without a host while one has room', () => {
    fc.assert(
      fc.property(fleet, anyGroups, (hosts, groups) => {
        const choices = placed(hosts, groups);
        const where = hostsOf(choices);
        const needsOf = new Map(
          groups.flatMap(({ needs, keys }) => keys.map((key): [string, ReplicaNeeds] => [key, needs])),
        );
        for (const [key, choice] of choices) {
          if (choice.kind !== 'unplaced') continue;
          const needs = needsOf.get(key) ?? NO_NEEDS;
          for (const each of hosts) {
            if (each.status !== 'alive' || each.draining || !hasLabels(each, needs.labels)) continue;
            const on = [...where]
              .filter(([, name]) => name === each.host)
              .map(([other]) => needsOf.get(other));
            const isFull =
              on.length >= each.capacity.maxReplicas ||
              on.reduce((sum, other) => sum + (other?.cpus ?? 0), needs.cpus) > each.capacity.cpus ||
              on.reduce((sum, other) => sum + (other?.memoryBytes ?? 0), needs.memoryBytes) >
                each.capacity.memoryBytes;
            expect(isFull, `${key} on ${each.host}`).to.equal(true);
          }
        }
      }),
    );
  });

  it('answers the same whatever the order of the hosts', () => {
    fc.assert(
      fc.property(fleet, anyGroups, (hosts, groups) => {
        const choices = placed(hosts, groups);
        expect([...placed([...hosts].reverse(), groups)]).to.deep.equal([...choices]);
        expect([...placed(hosts, groups)]).to.deep.equal([...choices]);
      }),
    );
  });

  it('moves nothing when hosts come, and only what must when they go', () => {
    fc.assert(
      fc.property(
        fleet,
        anyGroups,
        fleet,
        fc.array(fc.record({ at: fc.nat(), draining: fc.boolean() }), { maxLength: 4 }),
        (hosts, groups, joining, changes) => {
          const before = hostsOf(placed(hosts, groups));
          const joined = [...hosts, ...joining.map((each) => ({ ...each, host: `new-${each.host}` }))];
          const after = hostsOf(placed(joined, groups, before));
          for (const [key, name] of before) expect(after.get(key)).to.equal(name);

          const changed = new Map(
            changes.flatMap(({ at, draining }) => {
              const victim = joined[at % Math.max(1, joined.length)];
              return victim === undefined ? [] : [[victim.host, draining]];
            }),
          );
          const lost = joined.map((each): PlacementHost => {
            const draining = changed.get(each.host);
            if (draining === undefined) return each;
            return draining ? { ...each, draining } : { ...each, status: 'dead' };
          });
          const healed = hostsOf(placed(lost, groups, after));
          for (const [key, name] of after) if (!changed.has(name)) expect(healed.get(key)).to.equal(name);
          for (const [key, name] of healed)
            if (changed.get(name) === false) expect.fail(`${key} is on ${name}, which is dead`);
        },
      ),
    );
  });

  it('spreads evenly wherever there is room', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 }),
        (zones, perZone, counts) => {
          const hosts = Array.from({ length: zones * perZone }, (_, index) =>
            host(`h${index}`, { zone: `z${index % zones}`, ...room(1000) }),
          );
          const zoneOf = new Map(hosts.map(({ host: name, zone }) => [name, zone ?? '']));
          const choices = placed(
            hosts,
            counts.map((count, index) => group(`g${index}`, count)),
          );
          for (const [index, count] of counts.entries()) {
            const where = [...hostsOf(choices)].filter(([key]) => key.startsWith(`g${index}-`));
            const ofZones = Object.values(countBy(where.map(([, name]) => zoneOf.get(name) ?? '')));
            const ofHosts = Object.values(countBy(where.map(([, name]) => name)));
            expect(ofZones.length).to.equal(Math.min(zones, count));
            expect(Math.max(...ofZones) - Math.min(...ofZones)).to.be.at.most(1);
            expect(ofHosts.length).to.equal(Math.min(zones * perZone, count));
          }
        },
      ),
    );
  });
});
