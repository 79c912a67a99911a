import { expect } from 'chai';
import { appStatus, groupStatus, listenerStatus, NOW, replicaStatus } from '../spec-support/sample-status.js';
import { NO_COLOURS } from './colours.js';
import { formatAppHead, formatFailures, formatListeners, formatReplicaTable } from './replica-table.js';

describe('formatReplicaTable', () => {
  it('has a line for each replica', () => {
    const waiting = replicaStatus({
      replica: 'Ads-0',
      state: 'crash-loop',
      pid: undefined,
      startedAt: NOW - 3000,
      restarts: 7,
      nextStartAt: NOW + 4000,
      p50Ms: 0,
      p99Ms: 0,
      callsPerSecond: 0,
    });
    const app = appStatus({
      groups: [groupStatus({ group: 'Ads', components: ['Ads'], replicas: [waiting] }), groupStatus()],
    });
    expect(formatReplicaTable([app], { colours: NO_COLOURS, now: NOW, showApp: true })).to.deep.equal([
      'APP       COMPONENT  REPLICA  STATE                    PID    AGE  RESTARTS   CPU      MEM  CALLS/S  ERR/S     P50     P99',
      'boutique  Ads        Ads-0    crash-loop, next in 4s     -      -         7     -        -        0      0       -       -',
      'boutique  Cart       Cart-0   serving                 4711  1m01s         0  1.3%  50.0MiB     12.3      0  0.35ms  12.3ms',
    ]);
  });

  it('shows no zeroes of what was not measured yet', () => {
    const fresh = replicaStatus({ rssBytes: 0, cpuPercent: 0 });
    const [, line] = formatReplicaTable([appStatus({ groups: [groupStatus({ replicas: [fresh] })] })], {
      colours: NO_COLOURS,
      now: NOW,
      showApp: false,
    });
    expect(line).to.match(/ 1m01s +0 +- +- +12\.3 /);
  });

  it('names a group without components, and all components of one with several', () => {
    const app = appStatus({
      groups: [
        groupStatus({ group: 'main', components: [], replicas: [replicaStatus({ replica: 'main-0' })] }),
        groupStatus({ components: ['Ads', 'Cart'] }),
      ],
    });
    const [, main, both] = formatReplicaTable([app], { colours: NO_COLOURS, now: NOW, showApp: false });
    expect(main).to.match(/^main {7}main-0/);
    expect(both).to.match(/^Ads,Cart {3}Cart-0/);
  });
});

describe('status of an app', () => {
  it('says why it is not serving', () => {
    expect(
      formatAppHead(appStatus({ state: 'degraded', reason: 'waiting for Ads' }), NOW, NO_COLOURS),
    ).to.deep.equal(['boutique  degraded  version v1  deployed 1m05s ago', '  waiting for Ads']);
    const down = replicaStatus({ state: 'waiting', lastFailure: 'exited with code 1: boom' });
    expect(
      formatFailures(appStatus({ groups: [groupStatus({ replicas: [down, replicaStatus()] })] }), NO_COLOURS),
    ).to.deep.equal(['Cart-0: exited with code 1: boom']);
  });

  it('shows listeners, which are closed when the app is stopped', () => {
    expect(formatListeners(appStatus({ listeners: [] }), NO_COLOURS)).to.deep.equal([]);
    const failed = listenerStatus({ state: 'failed', reason: 'taken' });
    expect(formatListeners(appStatus({ listeners: [failed] }), NO_COLOURS)).to.deep.equal([
      'LISTENER  ADDRESS                STATE   REQ/S  COMPONENT',
      'shop      http://127.0.0.1:8080  failed    3.0  main       taken',
    ]);
    const [, opening] = formatListeners(
      appStatus({ listeners: [listenerStatus({ state: 'opening', url: 'http://127.0.0.1:0' })] }),
      NO_COLOURS,
    );
    expect(opening).to.match(/^shop {6}- {8}opening/);
    const [, line] = formatListeners(
      appStatus({ state: 'stopped', listeners: [listenerStatus({ state: 'opening' })] }),
      NO_COLOURS,
    );
    expect(line).to.contain('closed');
  });
});
