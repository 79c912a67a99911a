import { expect } from 'chai';
import { appStatus, groupStatus, listenerStatus, replicaStatus } from '../spec-support/sample-status.js';
import { deploymentOutcome, failedMain, isCompleted } from './deployment-outcome.js';

const policy = { startAttempts: 2 };
const outcome = (given: Parameters<typeof appStatus>[0]) => deploymentOutcome(appStatus(given), 'v1', policy);

describe('deploymentOutcome', () => {
  it('waits for replicas of the version, and for listeners', () => {
    const old = replicaStatus({ version: 'v0' });
    expect(
      outcome({
        state: 'deploying',
        groups: [
          groupStatus({ replicas: [old, replicaStatus({ state: 'starting' })] }),
          groupStatus({ group: 'Ads', replicas: [replicaStatus({ replica: 'Ads-0' })] }),
        ],
        listeners: [listenerStatus({ state: 'opening' })],
      }),
    ).to.deep.equal({
      kind: 'waiting',
      serving: 1,
      wanted: 2,
      for: ['Cart', 'listener shop'],
      otherwise: undefined,
    });
  });

  it('is done when all serves', () => {
    expect(outcome({})).to.deep.equal({ kind: 'serving' });
    expect(outcome({ state: 'completed', listeners: [] })).to.deep.equal({ kind: 'completed' });
  });

  it('knows what it comes to if a listener is never opened', () => {
    const listeners = [listenerStatus({ state: 'opening' })];
    expect(outcome({ listeners })).to.include({ kind: 'waiting', otherwise: 'serving' });
    expect(outcome({ state: 'completed', listeners })).to.include({
      kind: 'waiting',
      otherwise: 'completed',
    });
  });

  it('has failed when a replica crashed too often without serving', () => {
    const crashed = (restarts: number) =>
      outcome({
        state: 'deploying',
        groups: [
          groupStatus({ replicas: [replicaStatus({ state: 'waiting', restarts, lastFailure: 'boom' })] }),
        ],
      });
    expect(crashed(1).kind).to.equal('waiting');
    expect(crashed(2)).to.deep.equal({ kind: 'failed', reason: 'boom', replica: 'Cart-0' });
  });

  it('has failed at a crash loop, a taken port, a stop, and another deployment', () => {
    const looping = replicaStatus({ state: 'crash-loop' });
    expect(outcome({ state: 'deploying', groups: [groupStatus({ replicas: [looping] })] })).to.deep.equal({
      kind: 'failed',
      reason: 'the replica is in state crash-loop',
      replica: 'Cart-0',
    });
    expect(
      outcome({ state: 'degraded', listeners: [listenerStatus({ state: 'failed', reason: 'taken' })] }),
    ).to.deep.equal({
      kind: 'failed',
      reason: 'listener shop cannot be opened at http://127.0.0.1:8080: taken',
      replica: undefined,
    });
    expect(outcome({ state: 'stopped' })).to.include({ reason: 'the app was stopped meanwhile' });
    expect(outcome({ version: 'v2' })).to.include({ reason: 'version v2 was deployed meanwhile' });
    expect(outcome({ state: 'failed', reason: 'no memory' })).to.include({ reason: 'no memory' });
    expect(outcome({ state: 'failed', reason: 'Cart-0: no memory' })).to.deep.equal({
      kind: 'failed',
      reason: 'no memory',
      replica: 'Cart-0',
    });
  });

  it('does not mind crashes of the version before', () => {
    const old = replicaStatus({ version: 'v0', state: 'crash-loop' });
    expect(outcome({ groups: [groupStatus({ replicas: [old, replicaStatus()] })] })).to.deep.equal({
      kind: 'serving',
    });
  });

  it('has failed when main throws again and again, though its replica serves in between', () => {
    const main = replicaStatus({
      replica: 'main-0',
      restarts: 2,
      lastFailure: 'exited with code 1: main: boom',
      lastFailedComponent: 'main',
    });
    const groups = [groupStatus({ group: 'main', replicas: [main] })];
    expect(outcome({ groups })).to.deep.equal({
      kind: 'failed',
      reason: 'exited with code 1: main: boom',
      replica: 'main-0',
    });
    expect(failedMain(appStatus({ groups }), policy)?.replica).to.equal('main-0');
    const killed = [
      groupStatus({
        replicas: [
          { ...main, lastFailure: 'exited with code 1: main: boom', lastFailedComponent: undefined },
        ],
      }),
    ];
    expect(failedMain(appStatus({ groups: killed }), policy)).to.equal(undefined);
  });
});

describe('isCompleted', () => {
  it('needs every listener closed for good', () => {
    expect(isCompleted(appStatus({ state: 'completed', listeners: [] }))).to.equal(true);
    expect(
      isCompleted(appStatus({ state: 'completed', listeners: [listenerStatus({ state: 'opening' })] })),
    ).to.equal(false);
    expect(isCompleted(appStatus({ state: 'serving', listeners: [] }))).to.equal(false);
  });
});
