import { expect } from 'chai';
import type { AppStatus, ReplicaStatus } from '../../daemon/api/api-types.js';
import { fakeEnvironment } from '../spec-support/fake-environment.js';
import { appStatus, groupStatus, listenerStatus, replicaStatus } from '../spec-support/sample-status.js';
import { type AwaitedOutcome, awaitDeployment, describeWaiting } from './await-deployment.js';

function awaited(
  statuses: readonly AppStatus[],
  options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): { readonly outcome: Promise<AwaitedOutcome>; readonly seen: AppStatus[]; readonly tookMs: () => number } {
  const cli = fakeEnvironment();
  const startedAt = cli.now();
  const seen: AppStatus[] = [];
  const app = async () => statuses[Math.min(seen.length, statuses.length - 1)] ?? appStatus();
  const outcome = awaitDeployment({ app }, cli, {
    app: 'boutique',
    version: 'v1',
    timeoutMs: options.timeoutMs ?? 60_000,
    policy: { startAttempts: 2 },
    signal: options.signal,
    observe: (status) => void seen.push(status),
  });
  return { outcome, seen, tookMs: () => cli.now() - startedAt };
}

const deploying = appStatus({ state: 'deploying', groups: [] });

describe('awaitDeployment', () => {
  it('looks until the app serves', async () => {
    const { outcome, seen } = awaited([deploying, deploying, appStatus({ listeners: [listenerStatus()] })]);
    expect(await outcome).to.deep.equal({ kind: 'serving' });
    expect(seen).to.have.length(3);
  });

  it('believes an app without a listener only when it has served for a while', async () => {
    const { outcome, tookMs } = awaited([deploying, appStatus({ listeners: [] })]);
    expect(await outcome).to.deep.equal({ kind: 'serving' });
    expect(tookMs()).to.be.within(1000, 2000);
  });

  it('does not believe one that is restarted meanwhile', async () => {
    const crashed = (restarts: number, state: ReplicaStatus['state']) =>
      appStatus({
        listeners: [],
        groups: [
          groupStatus({
            replicas: [
              replicaStatus({
                state,
                restarts,
                lastFailure: 'exited with code 1: main: x',
                lastFailedComponent: 'main',
              }),
            ],
          }),
        ],
      });
    const { outcome } = awaited([
      crashed(0, 'serving'),
      crashed(1, 'serving'),
      crashed(1, 'starting'),
      crashed(1, 'serving'),
      crashed(2, 'serving'),
    ]);
    expect(await outcome).to.deep.equal({
      kind: 'failed',
      reason: 'exited with code 1: main: x',
      replica: 'Cart-0',
    });
  });

  it('gives up after its time, and says what is missing', async () => {
    const { outcome, tookMs } = awaited(
      [{ ...deploying, listeners: [listenerStatus({ state: 'opening' })] }],
      {
        timeoutMs: 5000,
      },
    );
    expect(await outcome).to.deep.equal({ kind: 'timed-out', for: ['listener shop'] });
    expect(tookMs()).to.be.within(5000, 6000);
  });

  it('takes a listener that a serving app does not open for one it does not need', async () => {
    const { outcome, tookMs } = awaited([appStatus({ listeners: [listenerStatus({ state: 'opening' })] })]);
    expect(await outcome).to.deep.equal({ kind: 'serving' });
    expect(tookMs()).to.be.within(10_000, 11_000);
  });

  it('ends when it is interrupted', async () => {
    expect(await awaited([deploying], { signal: AbortSignal.abort() }).outcome).to.deep.equal({
      kind: 'aborted',
    });
  });

  it('describes what it waits for', () => {
    const waiting = {
      kind: 'waiting',
      serving: 3,
      wanted: 11,
      for: ['Ads', 'Cart'],
      otherwise: undefined,
    } as const;
    expect(describeWaiting('boutique', waiting)).to.equal(
      'starting boutique: 3 of 11 replicas serve; waiting for Ads, Cart',
    );
  });
});
