import { expect } from 'chai';
import { BackendPool, type Lease } from './backend-pool.js';
import { FakeClock, identity } from './fixtures/harness.js';
import { PROXY_LIMITS, type ProxyLimits } from './proxy-limits.js';

describe('BackendPool', () => {
  let clock: FakeClock;
  let pool: BackendPool;
  let changes: number;

  function create(limits: Partial<ProxyLimits> = {}, random: () => number = () => 0): void {
    clock = new FakeClock();
    changes = 0;
    pool = new BackendPool({ ...PROXY_LIMITS, ...limits }, clock, random, () => changes++);
  }
  const pathOf = (lease: Lease | undefined) =>
    lease?.backend.address.kind === 'unix' ? lease.backend.address.path : undefined;
  function take(): Lease {
    const lease = pool.pick();
    if (lease === undefined) throw new Error('no backend');
    return lease;
  }

  beforeEach(() => create());
  afterEach(() => pool.close());

  it('chooses the less busy of two', () => {
    pool.setBackends([identity('/a', 'A'), identity('/b', 'B')]);
    const taken = [take(), take(), take(), take()].map(pathOf);
    expect(taken.filter((path) => path === '/a')).to.have.length(2);
    expect(taken.filter((path) => path === '/b')).to.have.length(2);
  });

  it('spreads over all backends', () => {
    create({}, Math.random);
    pool.setBackends(['/a', '/b', '/c', '/d'].map((path) => identity(path, path)));
    for (let i = 0; i < 400; i++) take();
    for (const { inFlight } of pool.status()) expect(inFlight).to.be.within(80, 120);
  });

  it('leaves a backend that refuses alone, for longer each time, and has one request at a time find out', () => {
    pool.setBackends([identity('/a', 'A'), identity('/b', 'B')]);
    const refused = take();
    const path = pathOf(refused);
    refused.refused();
    refused.release();
    for (let i = 0; i < 4; i++) expect(pathOf(take())).not.to.equal(path);
    expect(pool.healthyCount).to.equal(1);
    clock.advance(PROXY_LIMITS.ejectFirstMs);
    const probe = take();
    expect(pathOf(probe)).to.equal(path);
    expect(pathOf(take())).not.to.equal(path);
    probe.refused();
    probe.release();
    clock.advance(PROXY_LIMITS.ejectFirstMs);
    expect(pathOf(take())).not.to.equal(path);
    clock.advance(PROXY_LIMITS.ejectFirstMs);
    const second = take();
    expect(pathOf(second)).to.equal(path);
    second.connected();
    expect(pool.healthyCount).to.equal(2);
  });

  it('has another request find out when the first was given up', () => {
    pool.setBackends([identity('/a', 'A')]);
    const refused = take();
    refused.refused();
    refused.release();
    clock.advance(PROXY_LIMITS.ejectFirstMs);
    const probe = take();
    expect(pool.pick()).to.equal(undefined);
    probe.release();
    expect(pathOf(pool.pick())).to.equal('/a');
  });

  it('tries refusing backends often while requests wait', () => {
    pool.setBackends([identity('/a', 'A')]);
    for (let i = 0; i < 10; i++) {
      const lease = take();
      lease.refused();
      lease.release();
      expect(pool.pick()).to.equal(undefined);
      const outcomes: string[] = [];
      pool.wait(2_000, (outcome) => outcomes.push(outcome));
      clock.advance(PROXY_LIMITS.probeMs);
      expect(outcomes).to.deep.equal(['retry']);
    }
  });

  it('lets requests wait for a backend, for a bounded time, a bounded number of them', () => {
    create({ maxWaiting: 2 });
    const outcomes: string[] = [];
    pool.wait(100, (outcome) => outcomes.push(`first ${outcome}`));
    pool.wait(1_000, (outcome) => outcomes.push(`second ${outcome}`));
    pool.wait(1_000, (outcome) => outcomes.push(`third ${outcome}`));
    clock.advance(0);
    expect(outcomes).to.deep.equal(['third full']);
    clock.advance(100);
    expect(outcomes).to.deep.equal(['third full', 'first timeout']);
    pool.setBackends([identity('/a', 'A')]);
    expect(outcomes).to.deep.equal(['third full', 'first timeout', 'second retry']);
    expect(clock.timers).to.equal(0);
  });

  it('forgets a request that stopped waiting', () => {
    const outcomes: string[] = [];
    pool.wait(100, (outcome) => outcomes.push(outcome))();
    pool.setBackends([identity('/a', 'A')]);
    clock.advance(1_000);
    expect(outcomes).to.deep.equal([]);
  });

  it('bounds what one backend has in flight, and wakes those who wait when there is room', () => {
    create({ maxInFlightPerBackend: 2 });
    pool.setBackends([identity('/a', 'A')]);
    const lease = take();
    take();
    expect(pool.pick()).to.equal(undefined);
    const outcomes: string[] = [];
    pool.wait(1_000, (outcome) => outcomes.push(outcome));
    lease.release();
    lease.release();
    expect(outcomes).to.deep.equal(['retry']);
    expect(pool.status()[0]?.inFlight).to.equal(1);
  });

  it('drains a backend that is no longer named, and forgets it when it is idle', () => {
    pool.setBackends([identity('/a', 'A')]);
    const lease = take();
    pool.setBackends([]);
    expect(pool.pick()).to.equal(undefined);
    expect(pool.status()).to.deep.equal([
      { replica: 'A', version: 'v1', generation: 1, inFlight: 1, healthy: true, draining: true },
    ]);
    const before = changes;
    lease.release();
    expect(pool.status()).to.deep.equal([]);
    expect(changes).to.be.greaterThan(before);
  });

  it('takes the next generation at the same address for another backend', () => {
    pool.setBackends([identity('/a', 'A', 1)]);
    const old = take();
    old.refused();
    pool.setBackends([identity('/a', 'A', 2)]);
    expect(pool.healthyCount).to.equal(1);
    expect(take().agent).not.to.equal(old.agent);
    expect(pool.status().map(({ generation, draining }) => [generation, draining])).to.deep.equal([
      [1, true],
      [2, false],
    ]);
  });

  it('takes a backend back that is named again while it drains', () => {
    pool.setBackends([identity('/a', 'A')]);
    take();
    pool.setBackends([]);
    pool.setBackends([identity('/a', 'A')]);
    expect(pathOf(pool.pick())).to.equal('/a');
    expect(pool.status()).to.have.length(1);
  });
});
