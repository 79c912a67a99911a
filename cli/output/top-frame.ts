import type { DaemonStatus, ReplicaStatus } from '../../daemon/api/api-types.js';
import { formatClusterLine } from './cluster-line.js';
import type { Colours } from './colours.js';
import { formatDaemonLine } from './daemon-line.js';
import { stateInWords } from './host-table.js';
import { truncatePainted } from './printable.js';
import { formatBytes, formatLatency, formatPercent, formatRate, plural } from './quantities.js';
import { formatTable } from './table.js';

export const TOP_ORDERS = ['cpu', 'mem', 'calls'] as const;
export type TopOrder = (typeof TOP_ORDERS)[number];

/** A replica with what it belongs to. */
export interface TopReplica extends ReplicaStatus {
  readonly app: string;
  readonly group: string;
}

const MEASURES: Readonly<Record<TopOrder, (replica: ReplicaStatus) => number>> = {
  cpu: ({ cpuPercent }) => cpuPercent,
  mem: ({ rssBytes }) => rssBytes,
  calls: ({ callsPerSecond }) => callsPerSecond,
};

/** All replicas, the one that takes most first. */
export function topReplicas({ apps }: Pick<DaemonStatus, 'apps'>, order: TopOrder): readonly TopReplica[] {
  const measure = MEASURES[order];
  return apps
    .flatMap(({ app, groups }) =>
      groups.flatMap(({ group, replicas }) => replicas.map((replica) => ({ ...replica, app, group }))),
    )
    .sort((a, b) => measure(b) - measure(a) || (a.replica < b.replica ? -1 : 1));
}

export interface TopView {
  readonly status: DaemonStatus;
  readonly order: TopOrder;
  readonly columns: number;
  /** Undefined: as many as there are. */
  readonly rows: number | undefined;
  readonly colours: Colours;
}

/** The lines of `weaverd top`: what runs, the hosts, then the replicas, as many as fit. */
export function renderTop({ status, order, columns, rows, colours }: TopView): readonly string[] {
  const replicas = topReplicas(status, order);
  const sum = (measure: (replica: ReplicaStatus) => number) =>
    replicas.reduce((total, replica) => total + measure(replica), 0);
  const { cluster } = status;
  const head = [
    cluster === undefined ? formatDaemonLine(status) : formatClusterLine(cluster),
    `${plural(replicas.length, 'replica')}, ${formatPercent(sum(MEASURES.cpu))} CPU, ${formatBytes(sum(MEASURES.mem))}, ${formatRate(sum(MEASURES.calls))} calls/s, ${formatRate(sum(({ errorsPerSecond }) => errorsPerSecond))} errors/s; by ${order}`,
    ...(cluster === undefined ? [] : ['', ...hostLines(cluster.hosts, colours)]),
    '',
  ];
  const room = rows === undefined ? Number.POSITIVE_INFINITY : Math.max(1, rows - head.length - 2);
  const shown = replicas.slice(0, room);
  const table = formatTable(
    [
      { header: 'APP' },
      { header: 'REPLICA' },
      ...(cluster === undefined ? [] : [{ header: 'HOST' }]),
      { header: 'STATE' },
      { header: 'CPU', align: 'right' },
      { header: 'MEM', align: 'right' },
      { header: 'CALLS/S', align: 'right' },
      { header: 'ERR/S', align: 'right' },
      { header: 'P50', align: 'right' },
      { header: 'P99', align: 'right' },
    ],
    shown.map((replica) => [
      replica.app,
      replica.replica,
      ...(cluster === undefined ? [] : [replica.host]),
      replica.state,
      formatPercent(replica.cpuPercent),
      formatBytes(replica.rssBytes),
      formatRate(replica.callsPerSecond),
      replica.errorsPerSecond === 0 ? '0' : { text: formatRate(replica.errorsPerSecond), paint: colours.red },
      replica.p50Ms === 0 ? '-' : formatLatency(replica.p50Ms),
      replica.p99Ms === 0 ? '-' : formatLatency(replica.p99Ms),
    ]),
    { paintHeader: colours.bold },
  );
  const lines = [...head, ...table];
  return (rows === undefined ? lines : lines.slice(0, Math.max(1, rows - 1))).map((line) =>
    truncatePainted(line, columns),
  );
}

function hostLines(
  hosts: NonNullable<DaemonStatus['cluster']>['hosts'],
  colours: Colours,
): readonly string[] {
  return formatTable(
    [
      { header: 'HOST' },
      { header: 'STATE' },
      { header: 'REPLICAS', align: 'right' },
      { header: 'CPU', align: 'right' },
      { header: 'MEM', align: 'right' },
    ],
    hosts.map((host) => [
      host.host,
      { text: stateInWords(host), paint: host.state === 'alive' ? colours.green : colours.yellow },
      String(host.replicas),
      host.used === undefined ? '-' : formatPercent(host.used.cpuPercent),
      host.used === undefined ? '-' : formatBytes(host.used.rssBytes),
    ]),
    { paintHeader: colours.bold },
  );
}
