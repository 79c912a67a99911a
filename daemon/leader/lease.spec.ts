import { expect } from 'chai';
import { begin, isValid, step, wakeAt } from './lease.js';
import type { LeaseRecord } from './lease-record.js';
import type { LeaseEvent, LeaseSettings, LeaseState, LeaseStep } from './lease-state.js';

const SETTINGS: LeaseSettings = {
  self: { host: 'a', generation: 1 },
  instance: 'a',
  ttlMs: 3000,
  marginMs: 600,
  version: '1.0.0',
  replacesPredecessor: false,
};

const OTHER: LeaseRecord = {
  holder: { host: 'b', generation: 1 },
  attempt: 'b/1',
  incarnation: 4,
  ttlMs: 3000,
  version: '1.0.0',
};

/** The machine, driven by hand. */
class Daemon {
  state: LeaseState;
  #last: LeaseStep;

  constructor() {
    this.#last = begin();
    this.state = this.#last.state;
  }

  /** Returns what is asked of the store. */
  at(now: number, event: LeaseEvent, highestSeen = 0): 'read' | LeaseRecord | undefined {
    this.#last = step(this.state, event, { now, jitter: 0.5, highestSeen }, SETTINGS);
    this.state = this.#last.state;
    const { command } = this.#last;
    return command?.kind === 'write' ? command.record : command?.kind;
  }

  reads(now: number, revision: number, value?: unknown): 'read' | LeaseRecord | undefined {
    return this.at(now, { kind: 'observed', revision, value });
  }
}

describe('the rules of the lease', () => {
  /** Leads from 0 on, with revision 1; its own record as it was written. */
  function leader(): { readonly daemon: Daemon; readonly record: LeaseRecord } {
    const daemon = new Daemon();
    const record = daemon.reads(0, 0) as LeaseRecord;
    daemon.at(10, { kind: 'acknowledged', revision: 1 });
    return { daemon, record };
  }

  it('count a leadership from before its write was sent', () => {
    const { daemon } = leader();
    expect([0, 2399, 2400].map((now) => isValid(daemon.state, now))).to.deep.equal([true, true, false]);
    expect(wakeAt(daemon.state)).to.equal(1000);
  });

  it('count a renewal of unknown outcome for nothing until it is found, then from before it was sent', () => {
    const { daemon, record } = leader();
    const renewal = daemon.at(1000, { kind: 'tick' });
    expect(renewal).to.include({ incarnation: 1, attempt: 'a/2' });
    expect(daemon.at(1600, { kind: 'unknown' })).to.equal('read');
    expect(daemon.reads(1610, 1, record)).to.equal(undefined);
    expect(daemon.state).to.include({ kind: 'leading', validUntil: 2400, revision: 1 });
    const again = daemon.at(1800, { kind: 'tick' });
    expect(again).to.include({ attempt: 'a/3' });
    // The first one was applied after all, late.
    expect(daemon.at(1810, { kind: 'conflict' })).to.equal('read');
    daemon.reads(1820, 2, renewal);
    expect(daemon.state).to.include({ kind: 'leading', validUntil: 3400, revision: 2 });
  });

  it('end a leadership at a conflict that cannot be its own doing', () => {
    const { daemon } = leader();
    daemon.at(1000, { kind: 'tick' });
    expect(daemon.at(1010, { kind: 'conflict' })).to.equal('read');
    expect(daemon.state.kind).to.equal('follower');
  });

  it('do not revive a leadership whose renewal is acknowledged too late', () => {
    const { daemon } = leader();
    daemon.at(1000, { kind: 'tick' });
    expect(daemon.at(2500, { kind: 'acknowledged', revision: 2 })).to.equal('read');
    expect(daemon.state.kind).to.equal('follower');
  });

  it('do not begin a leadership whose take-over is acknowledged too late, or has been overtaken', () => {
    for (const [now, highestSeen] of [
      [2400, 0],
      [10, 2],
    ] as const) {
      const daemon = new Daemon();
      daemon.reads(0, 0);
      expect(daemon.at(now, { kind: 'acknowledged', revision: 1 }, highestSeen)).to.equal('read');
      expect(daemon.state.kind).to.equal('follower');
    }
  });

  it('take a stale read neither for a change nor for a reason to wait anew', () => {
    const daemon = new Daemon();
    daemon.reads(0, 7, OTHER);
    daemon.reads(1000, 6, { ...OTHER, attempt: 'b/0' });
    daemon.reads(2000, 7, OTHER);
    daemon.reads(3000, 6, { ...OTHER, attempt: 'b/0' });
    // A tenth of the time, by chance, keeps candidates apart.
    expect(wakeAt(daemon.state)).to.equal(3150);
    // What is taken over is what was read last.
    expect(daemon.reads(3150, 6, { ...OTHER, attempt: 'b/0' })).to.equal(undefined);
    expect(wakeAt(daemon.state)).to.equal(3400);
    expect(daemon.reads(3400, 7, OTHER)).to.include({ incarnation: 5 });
  });

  it('wait for the leader of a store that lost its newest writes and gives their revisions again', () => {
    const daemon = new Daemon();
    daemon.reads(0, 7, OTHER);
    // It came back with revision 5, and the leader has renewed its lease there.
    daemon.reads(1000, 6, { ...OTHER, attempt: 'b/8' });
    daemon.reads(2000, 6, { ...OTHER, attempt: 'b/8' });
    expect(daemon.reads(3200, 6, { ...OTHER, attempt: 'b/8' })).to.equal(undefined);
    expect(daemon.reads(3450, 7, { ...OTHER, attempt: 'b/9' })).to.equal(undefined);
    expect(daemon.reads(6500, 7, { ...OTHER, attempt: 'b/9' })).to.equal(undefined);
    expect(daemon.reads(6600, 7, { ...OTHER, attempt: 'b/9' })).to.include({ incarnation: 5 });
  });

  it('take over what an older store has when nothing newer was read for the time of a lease', () => {
    const daemon = new Daemon();
    daemon.reads(0, 7, OTHER);
    const older = { ...OTHER, attempt: 'b/0' };
    for (const now of [1000, 2000, 3000, 4000, 5000, 6000, 7000])
      expect(daemon.reads(now, 6, older), `${now}`).to.equal(undefined);
    expect(daemon.reads(7150, 6, older)).to.include({ incarnation: 5 });
  });

  it('wait anew after each renewal that was seen', () => {
    const daemon = new Daemon();
    daemon.reads(0, 7, OTHER);
    daemon.reads(2900, 8, { ...OTHER, attempt: 'b/2' });
    expect(daemon.reads(6000, 8, { ...OTHER, attempt: 'b/2' })).to.equal(undefined);
    expect(daemon.reads(6050, 8, { ...OTHER, attempt: 'b/2' })).to.include({ incarnation: 5 });
  });

  it('pause between take-overs that a store refuses at once', () => {
    const daemon = new Daemon();
    daemon.reads(0, 0);
    expect(daemon.at(0, { kind: 'unknown' })).to.equal('read');
    expect(daemon.state.kind).to.equal('unknown');
    expect(daemon.reads(0, 0)).to.equal(undefined);
    expect(wakeAt(daemon.state)).to.equal(250);
  });

  it('ask no more than ten times to give the lease up', () => {
    const { daemon } = leader();
    expect(daemon.at(100, { kind: 'resign' })).to.include({ ttlMs: 0 });
    let asked = 0;
    for (; daemon.state.kind !== 'stopped'; asked++) daemon.at(100, { kind: 'unknown' });
    expect(asked).to.equal(11);
  });
});
