import { expect } from 'chai';
import { type Deferred, deferred } from '../call/deferred.js';
import { hashKey } from '../protocol/key-hash.js';
import { ComponentOwnership, MAX_WAITING_FOR_KEYS } from './component-ownership.js';
import { ENDLESS, RenewedLease } from './lease.js';
import type { OwnedCall, Trace } from './owned-call.js';
import { OWNERSHIP_TIMES } from './ownership-ports.js';
import type { SliceRange } from './slice-ranges.js';
import { ManualClock, type Owner, routingOf, SELF, turn } from './spec-support.js';

function setUp({ hooks = false, leased = false } = {}) {
  const clock = new ManualClock();
  const lease = new RenewedLease(clock);
  const events: string[] = [];
  const running: Deferred<void>[] = [];
  const hook = (name: string, { start, end, epoch }: SliceRange) => {
    events.push(`${name} ${start}-${Math.min(end, 99)}@${epoch}`);
    if (!hooks) return undefined;
    const run = deferred<void>();
    running.push(run);
    return run.promise;
  };
  const ownership = new ComponentOwnership('C', SELF, {
    clock,
    lease: leased ? lease : ENDLESS,
    acquire: (slice) => hook('acquire', slice),
    release: (slice) => hook('release', slice),
    settled: (epoch) => events.push(`settled ${epoch}`),
    problem: (message) => events.push(message),
  });
  const ended: string[] = [];
  const begin = (hash: number, { trace = undefined as Trace | undefined, streaming = false } = {}) =>
    ownership.begin({ hash, trace, streaming, end: () => ended.push(`${hash}`) });
  const heard = () => events.splice(0);
  return { clock, lease, ownership, events, heard, running, begin, ended };
}

const slices = (...owners: readonly [Owner, number][]) => owners.map(([owner, epoch]) => ({ owner, epoch }));
const ends = (running: Deferred<void>[]) => {
  for (const { resolve } of running.splice(0)) resolve();
  return turn();
};

describe('ComponentOwnership', () => {
  it('acts for what the newest routing grants, and settles at once while nothing is given up', () => {
    const { ownership, heard } = setUp();
    expect(ownership.admits(5, undefined)).to.equal('refused');
    ownership.apply(routingOf(3, slices(['self', 1], ['other', 1], ['nobody', 2])));
    expect([5, 15, 25].map((hash) => ownership.admits(hash, undefined))).to.deep.equal([
      'owned',
      'refused',
      'refused',
    ]);
    expect(ownership.refusal(15).code).to.equal('STALE_OWNER');
    ownership.apply(routingOf(2, slices(['self', 1], ['self', 1])));
    expect(ownership.admits(15, undefined)).to.equal('refused');
    expect(heard()).to.deep.equal(['settled 3', 'acquire 0-10@1']);
  });

  it('seals what is taken away, lets calls in flight end, releases, and settles', async () => {
    const { ownership, heard, begin, running } = setUp({ hooks: true });
    ownership.apply(routingOf(1, slices(['self', 1], ['self', 1], ['other', 1])));
    expect(ownership.admits(5, undefined)).to.equal('wait');
    await ends(running);
    const inFlight = begin(15);
    const elsewhere = begin(5);
    heard();
    ownership.apply(routingOf(2, slices(['self', 1], ['nobody', 2], ['other', 1])));
    expect(ownership.admits(15, undefined)).to.equal('refused');
    expect(ownership.admits(5, undefined)).to.equal('owned');
    expect(heard()).to.deep.equal([]);
    expect(inFlight.leave()).to.equal(true);
    expect(heard()).to.deep.equal(['release 10-20@1']);
    await ends(running);
    expect(heard()).to.deep.equal(['settled 2']);
    expect(elsewhere.leave()).to.equal(true);
  });

  it('settles routings in order, each when all of it is let go', () => {
    const { ownership, heard, begin } = setUp();
    ownership.apply(routingOf(1, slices(['self', 1], ['self', 2], ['self', 3])));
    const first = begin(5);
    heard();
    ownership.apply(routingOf(2, slices(['nobody', 4], ['self', 2], ['self', 3])));
    ownership.apply(routingOf(3, slices(['nobody', 4], ['nobody', 5], ['self', 3])));
    ownership.apply(routingOf(4, slices(['other', 6], ['nobody', 5], ['self', 3])));
    expect(heard()).to.deep.equal([]);
    first.leave();
    expect(heard()).to.deep.equal(['release 0-10@1', 'settled 2', 'release 10-20@2', 'settled 4']);
  });

  it('goes on under a higher epoch: two of its slices have become one', () => {
    const { ownership, heard, begin } = setUp();
    let changes = 0;
    ownership.apply(routingOf(1, slices(['self', 1], ['self', 5])));
    const call = begin(5);
    heard();
    ownership.onChange(() => changes++);
    ownership.apply(routingOf(2, slices(['self', 5])));
    expect(ownership.admits(5, undefined)).to.equal('owned');
    expect(call.leave()).to.equal(true);
    expect([heard(), changes]).to.deep.equal([['settled 2'], 1]);
    ownership.apply(routingOf(3, slices(['nobody', 6])));
    expect(heard()).to.deep.equal(['release 0-99@5', 'settled 3']);
  });

  it('gives up and acquires anew what comes back under another epoch after the lease had run out', async () => {
    const { ownership, lease, clock, heard, begin } = setUp({ leased: true });
    lease.renew(100);
    ownership.apply(routingOf(1, slices(['self', 1])));
    const call = begin(5);
    heard();
    clock.advance(100);
    lease.renew(200);
    expect(ownership.admits(5, undefined)).to.equal('owned');
    ownership.apply(routingOf(2, slices(['self', 7])));
    expect(ownership.admits(5, undefined)).to.equal('wait');
    const waiting = ownership.onceAcquired(5, undefined);
    expect(call.leave()).to.equal(false);
    expect(await waiting).to.equal('owned');
    expect(heard()).to.deep.equal(['release 0-99@1', 'settled 2', 'acquire 0-99@7']);
  });

  it('ends streams first, then calls, and at last no longer waits for those that ignore it', () => {
    const { ownership, clock, heard, begin, ended } = setUp();
    ownership.apply(routingOf(1, slices(['self', 1])));
    const calls = [begin(1), begin(2, { streaming: true })];
    heard();
    ownership.apply(routingOf(2, slices(['nobody', 2])));
    clock.advance(OWNERSHIP_TIMES.streamDrain);
    expect(ended).to.deep.equal(['2']);
    clock.advance(OWNERSHIP_TIMES.callDrain - OWNERSHIP_TIMES.streamDrain);
    expect(ended).to.deep.equal(['2', '1']);
    expect(heard()).to.deep.equal([]);
    clock.advance(OWNERSHIP_TIMES.abortedDrain);
    expect(heard().slice(1)).to.deep.equal(['release 0-99@1', 'settled 2']);
    expect(calls.map((call) => call.leave())).to.deep.equal([false, false]);
  });

  it('admits what a call in flight waits for, on all keys that are being sealed', () => {
    const { ownership, heard, begin } = setUp();
    ownership.apply(routingOf(1, slices(['self', 1], ['self', 2], ['self', 3])));
    const transfer = begin(5, { trace: { traceId: 'a' } });
    ownership.apply(routingOf(2, slices(['nobody', 4], ['self', 2], ['self', 3])));
    ownership.apply(routingOf(3, slices(['nobody', 4], ['nobody', 5], ['self', 3])));
    heard();
    expect(ownership.admits(15, { traceId: 'b' })).to.equal('refused');
    expect(ownership.admits(15, { traceId: 'a' })).to.equal('owned');
    const deposit = begin(15, { trace: { traceId: 'a' } });
    transfer.leave();
    expect(heard()).to.deep.equal(['release 0-10@1', 'settled 2']);
    expect(ownership.admits(5, { traceId: 'a' })).to.equal('refused');
    deposit.leave();
    expect(heard()).to.deep.equal(['release 10-20@2', 'settled 3']);
    expect(ownership.admits(15, { traceId: 'a' })).to.equal('refused');
  });

  it('tries a failed onAcquire again, and refuses calls by name meanwhile', async () => {
    const { ownership, clock, running, heard } = setUp({ hooks: true });
    ownership.apply(routingOf(1, slices(['self', 1])));
    const waiting = ownership.onceAcquired(5, undefined);
    running.splice(0)[0]?.reject(new Error('no database'));
    expect(await waiting).to.equal('refused');
    expect(ownership.refusal(5)).to.deep.equal({
      code: 'UNAVAILABLE',
      message: 'its owner cannot take the key over: onAcquire failed: no database',
    });
    clock.advance(OWNERSHIP_TIMES.firstRetry);
    expect(ownership.admits(5, undefined)).to.equal('wait');
    await ends(running);
    expect(ownership.admits(5, undefined)).to.equal('owned');
    expect(heard()).to.deep.equal([
      'settled 1',
      'acquire 0-99@1',
      'onAcquire failed; it is tried again in 100 ms',
      'acquire 0-99@1',
    ]);
  });

  it('lets calls wait for a slow onAcquire no longer than its bound, nor more than so many', async () => {
    const { ownership, clock, running } = setUp({ hooks: true });
    ownership.apply(routingOf(1, slices(['self', 1])));
    const waiting = Array.from({ length: MAX_WAITING_FOR_KEYS }, () => ownership.onceAcquired(5, undefined));
    const over = await ownership.onceAcquired(5, undefined).catch((reason: unknown) => reason);
    expect(over).to.include({ code: 'RESOURCE_EXHAUSTED', executed: 'no' });
    clock.advance(OWNERSHIP_TIMES.acquire);
    expect(new Set(await Promise.all(waiting))).to.deep.equal(new Set(['refused']));
    expect(ownership.refusal(5).code).to.equal('UNAVAILABLE');
    await ends(running);
    expect(ownership.admits(5, undefined)).to.equal('owned');
  });

  it('lets a slow or failing onRelease hold up nothing for ever', async () => {
    const { ownership, clock, running, heard } = setUp({ hooks: true });
    ownership.apply(routingOf(1, slices(['self', 1], ['self', 2])));
    await ends(running);
    ownership.apply(routingOf(2, slices(['nobody', 3], ['self', 2])));
    running.splice(0)[0]?.reject(new Error('cannot flush'));
    await turn();
    ownership.apply(routingOf(3, slices(['nobody', 3], ['nobody', 4])));
    clock.advance(OWNERSHIP_TIMES.release);
    expect(heard().slice(3)).to.deep.equal([
      'release 0-10@1',
      'onRelease failed; the keys are given up nevertheless',
      'settled 2',
      'release 10-99@2',
      'onRelease has not resolved in time; the keys are given up nevertheless',
      'settled 3',
    ]);
  });

  it('tells the component nothing of a release while its onAcquire runs, and of none that failed', async () => {
    const { ownership, running, heard } = setUp({ hooks: true });
    ownership.apply(routingOf(1, slices(['self', 1], ['self', 2])));
    const [first, second] = running.splice(0);
    ownership.apply(routingOf(2, slices(['nobody', 3], ['nobody', 4])));
    heard();
    second?.reject(new Error('no'));
    await turn();
    first?.resolve();
    await turn();
    expect(heard()).to.deep.equal(['onAcquire failed; it is tried again in 100 ms', 'release 0-10@1']);
    await ends(running);
    expect(heard()).to.deep.equal(['settled 2']);
  });

  it('begins nothing past its lease, and takes no answer that spans a gap in it', () => {
    const { ownership, lease, clock, heard, begin, ended } = setUp({ leased: true });
    ownership.apply(routingOf(1, slices(['self', 1])));
    expect(ownership.admits(5, undefined)).to.equal('refused');
    lease.renew(100);
    expect(heard()).to.deep.equal(['settled 1', 'acquire 0-99@1']);
    const quick: OwnedCall = begin(5);
    const paused = begin(6);
    expect(quick.leave()).to.equal(true);
    clock.pause(100);
    expect(ownership.admits(5, undefined)).to.equal('refused');
    expect(ended).to.deep.equal(['6']);
    lease.renew(200);
    expect(ownership.admits(5, undefined)).to.equal('owned');
    expect(paused.leave()).to.equal(false);
  });

  it('tells under which epoch a key is held, until it is let go', async () => {
    const { ownership, lease, clock, running, begin } = setUp({ hooks: true, leased: true });
    const hash = hashKey('ann');
    let changes = 0;
    ownership.onChange(() => changes++);
    lease.renew(1000);
    ownership.apply(routingOf(1, slices(['other', 1], ['self', 5]), hash));
    expect(changes).to.equal(1);
    expect(ownership.epochOf('ann')).to.equal(5);
    await ends(running);
    const call = begin(hash);
    ownership.apply(routingOf(2, slices(['other', 1], ['nobody', 6]), hash));
    expect(ownership.epochOf('ann')).to.equal(5);
    call.leave();
    expect(ownership.epochOf('ann')).to.equal(5);
    await ends(running);
    expect(ownership.epochOf('ann')).to.equal(undefined);
    expect(changes).to.equal(2);
    ownership.apply(routingOf(3, slices(['self', 1], ['self', 7]), hash));
    clock.advance(1000);
    expect(ownership.epochOf('ann')).to.equal(undefined);
  });

  it('a key that is held is let go when its holder leaves, who is told when it takes long', async () => {
    const { ownership, clock, heard, running } = setUp({ hooks: true });
    const hash = hashKey('ann');
    const ended: string[] = [];
    const hold = () => ownership.hold('ann', (why) => ended.push(why));
    expect(hold()).to.equal(undefined);
    ownership.apply(routingOf(1, slices(['other', 1], ['self', 5]), hash));
    expect(hold(), 'while it is acquired').to.equal(undefined);
    await ends(running);
    const held = hold();
    ownership.apply(routingOf(2, slices(['other', 1], ['nobody', 6]), hash));
    expect(hold(), 'sealed').to.equal(undefined);
    heard();
    clock.advance(OWNERSHIP_TIMES.callDrain);
    expect(ended).to.have.length(1);
    expect(heard()).to.deep.equal([]);
    held?.leave();
    await ends(running);
    expect(heard().at(-1)).to.equal('settled 2');
  });

  it('gives up everything when it is closed, for good', async () => {
    const { ownership, heard, begin } = setUp();
    ownership.apply(routingOf(1, slices(['self', 1], ['self', 2])));
    const call = begin(5);
    heard();
    const closed = ownership.close();
    expect(ownership.admits(5, undefined)).to.equal('refused');
    call.leave();
    await closed;
    expect(heard()).to.deep.equal(['release 0-10@1', 'release 10-99@2']);
    ownership.apply(routingOf(2, slices(['self', 1], ['nobody', 3])));
    expect(ownership.admits(5, undefined)).to.equal('refused');
    expect(heard()).to.deep.equal(['settled 2']);
  });
});
