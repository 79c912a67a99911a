import { expect } from 'chai';
import type { HostedReplica } from '../hosted-replica.js';
import { fakeReplica } from '../spec-support/fake-replica-host.js';
import type { Holder } from './holder.js';
import { hasLetGo, type Seen } from './let-go.js';

describe('who has let go of keys', () => {
  const holder: Holder = {
    version: 'v1',
    replica: 'Cart-0',
    generation: 3,
    host: 'h1',
    at: { group: 'Cart', address: { kind: 'unix', path: '/' }, remoteAddress: undefined },
    seen: { generation: 10, sequence: 5 },
  };
  const running = { ...fakeReplica('shop', 'v1', 'Cart', 'Cart-0', 'serving'), generation: 3 };
  const report = (replicas: readonly HostedReplica[], sequence = 6, generation = 10): Seen => ({
    facts: { generation },
    sequence,
    replicas,
  });
  const judge = (of: Seen, takenAt: number | undefined = 7) =>
    hasLetGo({ app: 'shop', component: 'Cart' }, holder, takenAt, of);
  const settled = (epoch: number, component = 'Cart') => ({ ...running, settled: [{ component, epoch }] });

  it('does who says so of a routing that no longer gives them, and of no other', () => {
    expect(judge(report([running]))).to.equal(false);
    expect(judge(report([settled(6)]))).to.equal(false);
    expect(judge(report([settled(7)]))).to.equal(true);
    expect(judge(report([settled(9, 'Catalog')]))).to.equal(false);
    expect(hasLetGo({ app: 'shop', component: 'Cart' }, holder, undefined, report([settled(9)]))).to.equal(
      false,
    );
  });

  it('does a process that has ended, as its host says', () => {
    for (const state of ['waiting', 'crash-loop', 'stopped'] as const)
      expect(judge(report([{ ...running, state }]), undefined)).to.equal(true);
    expect(judge(report([{ ...running, state: 'starting', pid: undefined }]), undefined)).to.equal(true);
    expect(judge(report([{ ...running, generation: 4 }]), undefined)).to.equal(true);
    expect(judge(report([]), undefined)).to.equal(true);
    expect(judge(report([{ ...running, state: 'draining' }]), undefined)).to.equal(false);
  });

  it('is not known from a report older than the one by which it was given keys', () => {
    expect(judge(report([], 4), undefined)).to.equal(false);
    expect(judge(report([], 100, 9), undefined)).to.equal(false);
    expect(judge(report([], 1, 11), undefined)).to.equal(true);
  });

  it('is not known from a host that counts its generations from the beginning again', () => {
    expect(judge(report([{ ...running, generation: 1 }], 1, 11), undefined)).to.equal(false);
  });
});
