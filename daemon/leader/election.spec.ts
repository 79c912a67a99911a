import { expect } from 'chai';
import { FakeClock } from '../processes/spec-support/fake-clock.js';
import { Election, type ElectionOptions, LEADER_KEY } from './election.js';
import { epochOf, incarnationOf } from './epoch.js';
import { NotLeadingError } from './leadership.js';
import type { LeaseRecord } from './lease-record.js';
import { LeaseStore } from './spec-support/lease-store.js';

describe('Election', () => {
  let clock: FakeClock;
  let store: LeaseStore;
  let elections: Election[];

  beforeEach(() => {
    clock = new FakeClock();
    store = new LeaseStore();
    elections = [];
  });

  afterEach(async () => {
    store.fault = 'none';
    await Promise.all(elections.map((election) => election.stop()));
    expect(clock.timers).to.equal(0);
  });

  async function elect(host: string, options: Partial<ElectionOptions> = {}): Promise<Election> {
    const election = new Election({
      store,
      clock,
      random: () => 0.5,
      self: { host, generation: 1 },
      version: '1.0.0',
      highestIncarnationSeen: () => 0,
      ...options,
    });
    elections.push(election);
    election.start();
    await clock.pass(0);
    return election;
  }

  async function record(): Promise<LeaseRecord | undefined> {
    return (await store.get(LEADER_KEY))?.value as LeaseRecord | undefined;
  }

  function leaders(): readonly string[] {
    return elections.flatMap((election) => (election.leadership() ? [String(election.view().role)] : []));
  }

  it('makes the first the leader at once, and the others know it', async () => {
    const a = await elect('a');
    const b = await elect('b');
    await clock.pass(20);
    expect(a.leadership()?.incarnation).to.equal(1);
    await clock.pass(60_000);
    expect([a.leadership()?.incarnation, b.leadership()]).to.deep.equal([1, undefined]);
    expect(b.view()).to.deep.equal({
      role: 'follower',
      leader: { host: 'a', generation: 1, incarnation: 1, version: '1.0.0' },
      problem: undefined,
    });
  });

  it('gives rising epochs of its incarnation, and none after its time', async () => {
    const a = await elect('a', { highestIncarnationSeen: () => 41 });
    await clock.pass(5600); // an empty store in a cluster that had leaders
    const term = a.leadership();
    expect([term?.nextEpoch(), term?.nextEpoch()]).to.deep.equal([epochOf(42, 1), epochOf(42, 2)]);
    store.fault = 'lose-request';
    await clock.pass(4000);
    expect(term?.isValid()).to.equal(false);
    expect(() => term?.nextEpoch()).to.throw(NotLeadingError);
  });

  it('hands over at once when it stops, and after its lease when it just ends', async () => {
    const a = await elect('a');
    await clock.pass(20);
    const b = await elect('b');
    await clock.pass(1000);
    await a.stop();
    await clock.pass(10);
    expect(b.leadership()?.incarnation).to.equal(2);
    expect((await record())?.holder.host).to.equal('b');
    await b.stop();
    expect((await record())?.ttlMs).to.equal(0);
  });

  it('takes over from a leader that ends silently, not before its lease is over', async () => {
    const silent = { holder: { host: 'x', generation: 7 }, attempt: 'x/1', incarnation: 8, version: '1.0.0' };
    await store.put(LEADER_KEY, { ...silent, ttlMs: 5000 });
    const a = await elect('a');
    await clock.pass(4990);
    expect(a.leadership()).to.equal(undefined);
    await clock.pass(300);
    expect(a.leadership()?.incarnation).to.equal(9);
  });

  it('takes over from its own predecessor at once where a lock proves that it is gone', async () => {
    const before = { holder: { host: 'a', generation: 0 }, attempt: 'a/1', incarnation: 3, version: '1.0.0' };
    await store.put(LEADER_KEY, { ...before, ttlMs: 5000 });
    const a = await elect('a', { replacesPredecessor: true });
    await clock.pass(20);
    expect(a.leadership()?.incarnation).to.equal(4);
  });

  it('reads back a take-over that timed out, and leads if it was applied', async () => {
    store.fault = 'unknown-outcome';
    const a = await elect('a');
    await clock.pass(100);
    expect([a.leadership(), a.view().problem]).to.deep.equal([
      undefined,
      "the leader's lease cannot be read: no answer",
    ]);
    store.fault = 'none';
    await clock.pass(2000);
    expect(a.leadership()?.incarnation).to.equal(1);
    expect(a.view().problem).to.equal(undefined);
  });

  it('goes on leading over a renewal of unknown outcome', async () => {
    const a = await elect('a');
    await clock.pass(1600);
    const writes = store.writes;
    store.fault = 'lose-answer';
    await clock.pass(100);
    store.fault = 'none';
    await clock.pass(8000);
    expect(store.writes).to.be.greaterThan(writes + 3);
    expect(a.leadership()?.incarnation).to.equal(1);
  });

  it('finds itself no leader when it wakes up late, before it is told anything', async () => {
    const a = await elect('a');
    await clock.pass(20);
    const term = a.leadership();
    const told: (number | undefined)[] = [];
    a.onChange((leadership) => told.push(leadership?.incarnation));
    let validOnWaking: boolean | undefined;
    clock.after(1, () => {
      validOnWaking = term?.isValid();
    });
    await clock.stall(60_000);
    expect(validOnWaking).to.equal(false);
    await clock.pass(1000);
    // Nobody took it meanwhile: it leads again, as another incarnation.
    expect([a.leadership()?.incarnation, told]).to.deep.equal([2, [undefined, 2]]);
    expect(term?.isValid()).to.equal(false);
  });

  it('ends its term when the machine was suspended, which the monotonic clock does not count', async () => {
    let suspendedMs = 0;
    const suspending = {
      now: () => clock.now() + suspendedMs,
      monotonic: () => clock.monotonic(),
      after: clock.after.bind(clock),
    };
    const a = await elect('a', { clock: suspending });
    await clock.pass(20);
    const term = a.leadership();
    suspendedMs = 3_600_000;
    expect([term?.isValid(), a.leadership()]).to.deep.equal([false, undefined]);
    await clock.pass(3000);
    expect([term?.isValid(), a.leadership()?.incarnation]).to.deep.equal([false, 2]);
  });

  it('takes a higher incarnation when a host reports an epoch above its own', async () => {
    const a = await elect('a');
    await clock.pass(20);
    const term = a.leadership();
    const own = term?.nextEpoch() ?? epochOf(0, 0);
    a.raise(own);
    expect(term?.isValid()).to.equal(true);
    a.raise(epochOf(6, 1));
    expect(term?.isValid()).to.equal(false);
    await clock.pass(100);
    expect(a.leadership()?.incarnation).to.equal(7);
    // Of its own incarnation, but not its own: another used the same one.
    a.raise(epochOf(7, 1));
    await clock.pass(100);
    expect(incarnationOf(a.leadership()?.newestEpoch() ?? epochOf(0, 0))).to.equal(8);
  });

  it('takes a higher incarnation when a host follows another leader of its own', async () => {
    const a = await elect('a');
    await clock.pass(20);
    const own = a.leadership();
    const epoch = own?.nextEpoch() ?? epochOf(0, 0);
    a.raise(epoch, own?.leader);
    expect(own?.isValid()).to.equal(true);
    a.raise(epochOf(1, 0), 'another');
    expect(own?.isValid()).to.equal(false);
    await clock.pass(100);
    expect(a.leadership()?.incarnation).to.equal(2);
  });

  it('leads again with a higher incarnation when the store comes back empty; others wait', async () => {
    const a = await elect('a');
    await clock.pass(20);
    const b = await elect('b');
    await clock.pass(5000);
    store.rebuild();
    await clock.pass(2000);
    expect(leaders()).to.deep.equal(['leading']);
    expect([a.leadership()?.incarnation, (await record())?.incarnation]).to.deep.equal([2, 2]);
    expect(b.leadership()).to.equal(undefined);
  });

  it('overwrites what is no lease, after the time of one', async () => {
    await store.put(LEADER_KEY, { holder: 'rubbish', incarnation: '5' });
    const a = await elect('a');
    await clock.pass(4900);
    expect(a.leadership()).to.equal(undefined);
    await clock.pass(500);
    expect(a.leadership()?.incarnation).to.equal(1);
  });

  it('steps down when another has written its lease over', async () => {
    const a = await elect('a');
    await clock.pass(20);
    const other = { holder: { host: 'b', generation: 1 }, attempt: 'b/1', incarnation: 5, version: '1.0.0' };
    await store.put(LEADER_KEY, { ...other, ttlMs: 5000 });
    await clock.pass(2000);
    expect([a.leadership(), a.view().leader?.host]).to.deep.equal([undefined, 'b']);
  });

  it('stops within its ttl although the store is silent', async () => {
    const a = await elect('a');
    await clock.pass(20);
    store.fault = 'lose-request';
    const stopped = a.stop();
    expect(a.leadership()).to.equal(undefined);
    await clock.pass(5000);
    await stopped;
  });

  it('refuses a ttl out of bounds', async () => {
    const reason: unknown = await elect('a', { ttlMs: 10 }).catch((thrown: unknown) => thrown);
    expect(reason).to.be.instanceOf(RangeError).with.property('message').that.includes('10 ms');
  });
});
