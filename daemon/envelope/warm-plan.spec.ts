import { expect } from 'chai';
import { fakeReplica } from './spec-support/host-harness.js';
import { warmKey, warmPlan } from './warm-plan.js';

describe('warmPlan', () => {
  const versions = (...specs: Parameters<typeof warmPlan>[0]) =>
    [...warmPlan(specs).values()].map(({ version, memoryMiB }) => [version, memoryMiB]);

  it('has one process wait for each version of two replicas or more', () => {
    expect(versions(fakeReplica('Cart-0'))).to.deep.equal([]);
    const two = [fakeReplica('Cart-0'), fakeReplica('Ads-0')];
    expect(versions(...two, fakeReplica('Cart-0', 'serve', 'v2'))).to.deep.equal([['v1', undefined]]);
    const next = ['Cart-0', 'Ads-0'].map((name) => fakeReplica(name, 'serve', 'v2'));
    expect(versions(...two, ...next)).to.deep.equal([
      ['v1', undefined],
      ['v2', undefined],
    ]);
  });

  it('takes the start that most replicas have in common', () => {
    const large = (name: string) => ({ ...fakeReplica(name), memoryMiB: 512 });
    expect(versions(fakeReplica('A-0'), large('B-0'), large('B-1'))).to.deep.equal([['v1', 512]]);
  });

  it('tells apart what a process cannot change after its start, and nothing else', () => {
    const spec = { ...fakeReplica('A-0'), env: { ONE: '1', TWO: '2' } };
    const key = warmKey(spec);
    expect(warmKey({ ...spec, ...{ group: 'B', replica: 'B-7', graceMs: 1 } })).to.equal(key);
    expect(warmKey({ ...spec, env: { TWO: '2', ONE: '1' } })).to.equal(key);
    for (const other of [{ bundle: 'b' }, { env: { ONE: '1' } }, { memoryMiB: 64 }, { app: 'x' }])
      expect(warmKey({ ...spec, ...other })).to.not.equal(key);
  });
});
