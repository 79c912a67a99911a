import type { DaemonStatus } from '../../daemon/api/api-types.js';
import { formatBytes, formatPercent } from './quantities.js';

/** What runs besides the apps, and what it takes: `daemon 99 60.0MiB 0.2% CPU, ingress 100 40.0MiB 0.1% CPU`. */
export function formatDaemonLine({ pid, daemon, ingress }: DaemonStatus): string {
  const { rssBytes, cpuPercent, state } = ingress;
  const running =
    ingress.pid === undefined
      ? state
      : `${ingress.pid} ${formatBytes(rssBytes)} ${formatPercent(cpuPercent)} CPU`;
  const problem = ingress.pid === undefined || state === 'serving' ? '' : ` ${state}`;
  return `daemon ${pid} ${formatBytes(daemon.rssBytes)} ${formatPercent(daemon.cpuPercent)} CPU, ingress ${running}${problem}`;
}
