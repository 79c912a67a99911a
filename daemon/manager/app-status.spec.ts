import { expect } from 'chai';
import type { IngressListenerStatus } from '../ingress/ingress-routes.js';
import { type AppRecord, deployed, shifted, stopped } from './app-record.js';
import { type AppObservation, appStatus, replicaStatus } from './app-status.js';
import type { HostedReplica } from './hosted-replica.js';
import { layoutOf } from './layout.js';
import { fakeReplica } from './spec-support/fake-replica-host.js';
import { sampleDeployment } from './spec-support/sample-app.js';

const first = deployed(undefined, sampleDeployment('v1')) as AppRecord;
const serving = shifted(first, 'v1');
const web: IngressListenerStatus = {
  app: 'shop',
  listener: 'web',
  url: 'http://127.0.0.1:4000',
  state: 'open',
  requestsPerSecond: 1,
  errorsPerSecond: 0,
  p50Ms: 1,
  p99Ms: 1,
  answers: {},
  inFlight: 2,
  backends: [],
};

function all(change: (replica: HostedReplica) => Partial<HostedReplica> = () => ({})): HostedReplica[] {
  return layoutOf(first.current).map(({ placement: { version, group, replica, hosting } }) => {
    const blank = fakeReplica('shop', version, group, replica, hosting.main ? 'completed' : 'serving');
    return { ...blank, ...change(blank) };
  });
}

function status(
  record: AppRecord,
  replicas: readonly HostedReplica[],
  listeners: readonly IngressListenerStatus[] = [web],
  failure?: string,
  planned: Partial<Pick<AppObservation, 'unplaced' | 'groups'>> = {},
) {
  return appStatus(record, {
    replicas,
    listeners,
    failure,
    unplaced: [],
    groups: [],
    ...planned,
    portOf: () => 4000,
  });
}

describe('app status', () => {
  it('is serving when all is, with where', () => {
    const found = status(serving, all());
    expect(found).to.include({ app: 'shop', version: 'v1', state: 'serving', reason: undefined });
    expect(found.groups.map(({ group }) => group)).to.include.members(['Cart', 'main']);
    expect(found.listeners).to.deep.equal([
      {
        name: 'web',
        component: 'Frontend',
        url: 'http://127.0.0.1:4000',
        state: 'open',
        reason: undefined,
        requestsPerSecond: 1,
        inFlight: 2,
      },
    ]);
  });

  it('is completed when main is and nothing is served', () => {
    expect(status(serving, all(), []).state).to.equal('completed');
  });

  it('is deploying until the version serves, and says what it waits for', () => {
    const found = status(
      first,
      all(({ group }) => (group === 'Cart' ? { state: 'waiting', lastFailure: 'exit 1' } : {})),
    );
    expect(found.state).to.equal('deploying');
    expect(found.reason).to.equal('waiting for Cart 0 of 1: waiting (exit 1)');
  });

  it('is failed when the version does not come up, and says what serves meanwhile', () => {
    const newer = deployed(serving, sampleDeployment('v2')) as AppRecord;
    const found = status(newer, all(), [web], 'Cart-0: exit 1');
    expect(found).to.include({ version: 'v2', state: 'failed' });
    expect(found.reason).to.equal('Cart-0: exit 1; version v1 still serves');
  });

  it('is degraded when a replica or a listener is down', () => {
    expect(
      status(
        serving,
        all(({ group }) => (group === 'Cart' ? { state: 'waiting' } : {})),
      ).reason,
    ).to.contain('Cart 0 of 1');
    const failed = { ...web, state: 'failed' as const, reason: 'port 4000 is taken' };
    expect(status(serving, all(), [failed])).to.include({
      state: 'degraded',
      reason: 'listener web at http://127.0.0.1:4000: port 4000 is taken',
    });
  });

  it('names the replicas that no host can have, and those that cannot move', () => {
    const lacking = (replica: string, reason: string, heldOn?: string) => ({
      version: 'v1',
      group: 'Cart',
      replica,
      heldOn,
      reason,
    });
    const full = 'all 3 hosts that fit are full: 20 of 20 replicas';
    const unplaced = [lacking('Cart-1', 'needs label gpu=true: no host has it')].concat(
      [2, 3, 4, 5].map((index) => lacking(`Cart-${index}`, full)),
    );
    expect(status(serving, all(), [web], undefined, { unplaced })).to.include({
      state: 'degraded',
      reason: `no host for Cart-2, Cart-3, Cart-4 and 1 more replicas: ${full}, and 1 more for other reasons`,
    });
    const held = [lacking('Cart-0', full, 'h1')];
    expect(status(serving, all(), [web], undefined, { unplaced: held }).reason).to.equal(
      `cannot move Cart-0: ${full}`,
    );
    const newer = deployed(serving, sampleDeployment('v2')) as AppRecord;
    expect(status(newer, all(), [web], undefined, { unplaced: held })).to.include({
      state: 'deploying',
      reason: `cannot move Cart-0: ${full}; version v1 still serves`,
    });
  });

  it('wants as many replicas as the load needs, and counts one that moves once', () => {
    const two = layoutOf(sampleDeployment('v1', { components: { Cart: { replicas: 2 } } })).filter(
      ({ group }) => group.name === 'Cart',
    );
    const groups = [{ version: 'v1', group: 'Cart', replicas: two }];
    const found = status(serving, [...all(), ...all(({ group }) => ({ group }))], [web], undefined, {
      groups,
    });
    expect(found.groups.find(({ group }) => group === 'Cart')?.desiredReplicas).to.equal(2);
    expect(found).to.include({ state: 'degraded', reason: 'waiting for Cart 1 of 2' });
  });

  it('is stopping while something is left, then stopped', () => {
    expect(status(stopped(serving, false), all()).state).to.equal('stopping');
    expect(status(stopped(serving, false), []).state).to.equal('stopped');
  });

  it('shows a replica’s load per second', () => {
    const method = { component: 'Cart', method: 'get', caller: '', remote: true, p50Ms: 2, p99Ms: 8 };
    const shown = replicaStatus({
      ...fakeReplica('shop', 'v1', 'Cart', 'Cart-0', 'serving'),
      load: {
        intervalMs: 2000,
        cpuMs: 100,
        rssBytes: 7,
        eventLoopUtilization: 0,
        methods: [{ ...method, calls: 10, errors: 4 }],
        handshakesRefused: { version: 1 },
        compression: [{ peer: 'Cart-0', level: 1, plainBytes: 9_000, compressedBytes: 3_000 }],
      },
    });
    expect(shown).to.include({ callsPerSecond: 5, errorsPerSecond: 2, cpuPercent: 5, rssBytes: 7 });
    expect(shown.p50Ms).to.be.closeTo(2, 0.01);
  });
});
