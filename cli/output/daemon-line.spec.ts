import { expect } from 'chai';
import { daemonStatus } from '../spec-support/sample-status.js';
import { formatDaemonLine } from './daemon-line.js';

describe('formatDaemonLine', () => {
  const withIngress = (pid: number | undefined, state: 'serving' | 'starting' | 'stopped') =>
    formatDaemonLine(daemonStatus({ ingress: { pid, rssBytes: 40 * 1024 * 1024, cpuPercent: 0.1, state } }));

  it('shows pid, memory and CPU', () => {
    expect(withIngress(100, 'serving')).to.equal('daemon 99 60.0MiB 0.2% CPU, ingress 100 40.0MiB 0.1% CPU');
  });

  it('says when the ingress does not serve', () => {
    expect(withIngress(100, 'starting')).to.match(/ingress 100 40.0MiB 0.1% CPU starting$/);
    expect(withIngress(undefined, 'stopped')).to.match(/ingress stopped$/);
  });
});
