import type { HostStatus, HostsReply } from '../../daemon/api/api-types.js';
import type { Colours } from './colours.js';
import { printable } from './printable.js';
import { formatAge, formatBytes, formatPercent } from './quantities.js';
import { type Cell, formatTable } from './table.js';

/** The line of a report counts as fresh until then, ms. */
const FRESH_MS = 5000;

/** A line for each host, then what is wrong with them; `*` marks the leader's. */
export function formatHostTable(
  { hosts, leader }: Pick<HostsReply, 'hosts' | 'leader'>,
  colours: Colours,
): readonly string[] {
  const table = formatTable(
    [
      { header: 'HOST' },
      { header: 'STATE' },
      { header: 'ADDRESS' },
      { header: 'LABELS' },
      { header: 'REPLICAS', align: 'right' },
      { header: 'CPU', align: 'right' },
      { header: 'MEM', align: 'right' },
      { header: 'WEAVERD' },
      { header: 'REPORT', align: 'right' },
    ],
    hosts.map((host) => rowOf(host, host.host === leader?.host, colours)),
    { paintHeader: colours.bold },
  );
  return [...table, ...formatHostProblems(hosts, colours)];
}

export function formatHostProblems(hosts: readonly HostStatus[], colours: Colours): readonly string[] {
  return hosts.flatMap(({ host, problems }) =>
    problems.map((problem) => `${colours.red(`${host}:`)} ${printable(problem)}`),
  );
}

function rowOf(host: HostStatus, leads: boolean, colours: Colours): readonly Cell[] {
  const { address, labels, capacity, replicas, used, weaverd, silentMs } = host;
  return [
    leads ? { text: `${host.host}*`, paint: colours.bold } : host.host,
    { text: stateInWords(host), paint: colours[colourOf(host)] },
    address ?? '-',
    printable(
      Object.entries(labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(',') || '-',
    ),
    `${replicas}/${isBounded(capacity.maxReplicas) ? capacity.maxReplicas : '-'}`,
    used === undefined ? '-' : `${formatPercent(used.cpuPercent)}${cpusOf(capacity.cpus)}`,
    used === undefined ? '-' : `${formatBytes(used.rssBytes)}${memoryOf(capacity.memoryBytes)}`,
    printable(weaverd),
    { text: `${formatAge(silentMs)} ago`, paint: silentMs > FRESH_MS ? colours.yellow : colours.dim },
  ];
}

export function stateInWords({ state, draining }: Pick<HostStatus, 'state' | 'draining'>): string {
  return draining ? `${state}, draining` : state;
}

function colourOf({ state, draining }: HostStatus): 'green' | 'yellow' | 'red' | 'dim' {
  if (state === 'alive') return draining ? 'yellow' : 'green';
  return ({ suspect: 'yellow', dead: 'red', left: 'dim' } as const)[state];
}

/** A host of its own has no bound. */
function isBounded(value: number): boolean {
  return value < Number.MAX_SAFE_INTEGER;
}

function cpusOf(cpus: number): string {
  return isBounded(cpus) ? ` of ${cpus * 100}%` : '';
}

function memoryOf(bytes: number): string {
  return isBounded(bytes) ? ` of ${formatBytes(bytes)}` : '';
}
