import { expect } from 'chai';
import fc from 'fast-check';
import type { HostFacts } from './host-facts.js';
import type { Heard } from './member.js';
import { Membership, type MembershipOptions } from './membership.js';

const SELF = { version: '1.0.0', protocol: 3, oldestProtocol: 2 };

function factsOf(host: string, given: Partial<HostFacts> = {}): HostFacts {
  return {
    host,
    generation: 100,
    installation: `folder of ${host}`,
    address: '10.0.0.1',
    labels: {},
    capacity: { cpus: 4, memoryBytes: 2 ** 30, maxReplicas: 20 },
    version: '1.0.0',
    protocol: 3,
    ...given,
  };
}

describe('Membership', () => {
  let membership: Membership;
  let sequence: number;

  beforeEach(() => {
    membership = begin();
    sequence = 0;
  });

  function begin(options: Partial<MembershipOptions> = {}): Membership {
    return new Membership({ self: SELF, now: 0, verdicts: [], known: [], ...options });
  }

  function hear(host: string, now: number, given: Partial<HostFacts> & { leaving?: boolean } = {}): Heard {
    const { leaving = false, ...facts } = given;
    return membership.heard({ facts: factsOf(host, facts), sequence: ++sequence, leaving }, now);
  }

  /** Ticks each second while those hosts report; returns the events, as kind and host. */
  function live(from: number, to: number, hosts: readonly string[], canHear = true): readonly string[] {
    const events: string[] = [];
    for (let now = from; now <= to; now += 1000) {
      for (const host of hosts) {
        const heard = hear(host, now);
        if (heard.kind !== 'stale')
          events.push(...heard.events.map(({ kind }) => `${now / 1000} ${kind} ${host}`));
      }
      for (const { kind, host } of membership.tick(now, canHear))
        events.push(`${now / 1000} ${kind} ${host ?? '*'}`);
    }
    return events;
  }

  it('suspects a silent host, then declares it dead; its generation never returns', () => {
    live(0, 1000, ['a', 'b', 'c']);
    expect(live(2000, 12_000, ['a', 'b'])).to.deep.equal(['4 suspected c', '9 died c']);
    expect(membership.member('c')?.status).to.equal('dead');
    expect(membership.isDeadGeneration('c', 100)).to.equal(true);
    const refused = hear('c', 13_000);
    expect(refused).to.have.nested.property('refusal.reason', 'dead-generation');
    expect(refused).to.have.nested.property('refusal.deadUpTo', 100);
    expect(hear('c', 14_000, { generation: 101 }).kind).to.equal('accepted');
    expect(membership.member('c')?.status).to.equal('alive');
  });

  it('takes a suspicion back', () => {
    live(0, 0, ['a', 'b', 'c']);
    live(1000, 5000, ['a', 'b']);
    expect(live(6000, 6000, ['a', 'b', 'c'])).to.deep.equal(['6 recovered c']);
  });

  it('gives every host its full time after a new leader began, and after it was stopped itself', () => {
    const known = ['a', 'b', 'c'].map((host) => ({ facts: factsOf(host), sequence: 0 }));
    membership = begin({ now: 1_000_000, known });
    expect(live(1_000_000, 1_007_000, ['a', 'b'])).to.deep.equal(['1003 suspected c']);
    // Nothing for a minute: this leader did not run.
    expect(membership.tick(1_067_000, true)).to.deep.equal([]);
    expect(live(1_068_000, 1_074_000, ['a', 'b', 'c'])).to.deep.equal(['1068 recovered c']);
  });

  it('stands still while the bus is gone', () => {
    live(0, 0, ['a', 'b', 'c', 'd']);
    expect(live(1000, 100_000, [], false)).to.deep.equal([]);
    expect(live(101_000, 120_000, ['a', 'b', 'c'])).to.deep.equal(['103 suspected d', '108 died d']);
  });

  it('holds its judgement when more than half are silent at once', () => {
    live(0, 0, ['a', 'b', 'c', 'd', 'e']);
    const events = live(1000, 20_000, ['a', 'b']);
    expect(events).to.deep.equal(['3 mass-silence *', '3 suspected c', '3 suspected d', '3 suspected e']);
    // When c is back, d and e have their time anew before they are declared dead.
    expect(live(21_000, 32_000, ['a', 'b', 'c'])).to.deep.equal([
      '21 recovered c',
      '21 mass-silence-ended *',
      '29 died d',
      '29 died e',
    ]);
  });

  it('declares them dead in the end', () => {
    live(0, 0, ['a', 'b', 'c']);
    const died = live(1000, 40_000, ['a']).filter((event) => event.includes('died'));
    expect(died).to.deep.equal(['30 died b', '30 died c']);
  });

  it('lets a host leave in good order, at once and for good', () => {
    live(0, 0, ['a', 'b']);
    const left = hear('b', 500, { leaving: true });
    expect(left).to.have.nested.property('events[0].kind', 'left');
    expect(membership.member('b')?.status).to.equal('left');
    expect(live(1000, 20_000, ['a'])).to.deep.equal([]);
    expect(hear('b', 21_000)).to.have.nested.property('refusal.reason', 'dead-generation');
  });

  it('takes a restarted daemon at once, and reports that come late or twice for nothing', () => {
    live(0, 0, ['a']);
    const report = { facts: factsOf('a', { generation: 200 }), sequence: 1, leaving: false };
    expect(membership.heard(report, 100)).to.have.nested.property('events[0].kind', 'restarted');
    expect(membership.heard(report, 200).kind).to.equal('stale');
    expect(hear('a', 300).kind).to.equal('stale');
    expect(membership.member('a')?.facts.generation).to.equal(200);
  });

  it('names two machines of one name; the first stays, the other is let in when the first is gone', () => {
    live(0, 0, ['a', 'b', 'c']);
    const other = { installation: 'elsewhere', address: '10.0.0.9', generation: 500 };
    for (let now = 1000; now < 20_000; now += 1000) {
      live(now, now, ['a', 'b', 'c']);
      const refused = hear('a', now, other);
      expect(refused).to.have.nested.property('refusal.reason', 'duplicate-name');
      expect(refused)
        .to.have.property('events')
        .with.lengthOf(now === 1000 ? 1 : 0);
    }
    expect(membership.problems()).to.have.length(1);
    expect(membership.problems()[0]).to.include('10.0.0.1').and.include('10.0.0.9');
    expect(membership.member('a')?.facts.generation).to.equal(100);
    live(20_000, 29_000, ['b', 'c']);
    expect(membership.problems()).to.deep.equal([]);
    expect(hear('a', 30_000, other).kind).to.equal('accepted');
    expect(membership.member('a')?.facts.address).to.equal('10.0.0.9');
  });

  it('names two daemons of one copied state folder, and does not make them restart in turns', () => {
    live(0, 0, ['a']);
    expect(hear('a', 1000, { generation: 200 }).kind).to.equal('accepted');
    expect(hear('a', 1100).kind).to.equal('stale');
    hear('a', 4000, { generation: 200 });
    expect(hear('a', 4100)).to.have.nested.property('refusal.reason', 'duplicate-name');
    expect(membership.member('a')?.facts.generation).to.equal(200);
  });

  it('keeps hosts that it cannot direct, and names why', () => {
    for (const [host, protocol] of [
      ['a', 3],
      ['b', 2],
      ['c', 1],
      ['d', 4],
    ] as const)
      expect(hear(host, 0, { protocol, version: '0.9.0' }).kind).to.equal('accepted');
    expect(membership.problems()).to.deep.equal([
      'weaverd 0.9.0 on c speaks protocol 1, the leader (1.0.0) 2 at least: upgrade weaverd on c',
      "weaverd 0.9.0 on d speaks protocol 4, the leader (1.0.0) only 3: upgrade weaverd on the leader's host",
    ]);
    const upgraded = hear('c', 100, { generation: 200 });
    expect(upgraded).to.have.nested.property('events[1].kind', 'compatible');
    expect(membership.member('c')?.incompatibility).to.equal(undefined);
  });

  it('refuses a removed host, and what the store says is dead', () => {
    live(0, 0, ['a', 'b']);
    expect(membership.judge({ host: 'a', deadUpTo: 100, removed: false })).to.have.length(1);
    expect(membership.member('a')?.status).to.equal('dead');
    expect(membership.judge({ host: 'b', deadUpTo: 0, removed: true })).to.have.length(1);
    expect(membership.member('b')).to.equal(undefined);
    expect(hear('b', 1000, { generation: 300 })).to.have.nested.property('refusal.reason', 'removed');
    const next = begin({ verdicts: [{ host: 'a', deadUpTo: 100, removed: false }] });
    membership = next;
    expect(hear('a', 1000)).to.have.nested.property('refusal.reason', 'dead-generation');
  });

  it('never takes a dead generation, never changes machines while the first is in, over any history', () => {
    const report = fc.record({
      host: fc.constantFrom('a', 'b'),
      generation: fc.integer({ min: 1, max: 6 }),
      installation: fc.constantFrom('one', 'two'),
      sequence: fc.integer({ min: 1, max: 9 }),
      leaving: fc.boolean(),
      waitMs: fc.constantFrom(0, 500, 1000, 2500, 9000),
    });
    fc.assert(
      fc.property(fc.array(report, { maxLength: 40 }), (reports) => {
        const table = begin();
        const dead = new Map<string, number>();
        let now = 0;
        for (const { host, generation, installation, sequence: number, leaving, waitMs } of reports) {
          for (const until = now + waitMs; now < until; now += 500)
            for (const { kind, host: whose, generation: which } of table.tick(now, true))
              if (kind === 'died' && whose !== undefined) dead.set(whose, which);
          const before = table.member(host);
          const facts = factsOf(host, { generation, installation });
          const { kind } = table.heard({ facts, sequence: number, leaving }, now);
          const after = table.member(host);
          if (kind === 'accepted') expect(generation).to.be.greaterThan(dead.get(host) ?? 0);
          else expect(after?.facts).to.equal(before?.facts);
          expect(after?.facts.generation ?? 0).to.be.at.least(before?.facts.generation ?? 0);
          if (before?.status === 'alive' || before?.status === 'suspect')
            expect(after?.facts.installation).to.equal(before.facts.installation);
          if (leaving && kind === 'accepted') dead.set(host, generation);
        }
      }),
      { numRuns: 500 },
    );
  });
});
