import type { HostUsage } from './host-usage.js';
import { takesNew } from './placement-host.js';
import { formatLabels, hasLabels, type ReplicaNeeds } from './replica-needs.js';

const MIB = 1024 ** 2;

/** Why none of the hosts can have one more replica with those needs. */
export function unplacedReason(fleet: readonly HostUsage[], needs: ReplicaNeeds): string {
  if (fleet.length === 0) return 'no host is alive';
  const labels = formatLabels(needs.labels);
  const needsLabels = labels === '' ? '' : `needs label ${labels}: `;
  const labelled = fleet.filter(({ host }) => hasLabels(host, needs.labels));
  if (labelled.length === 0) return `${needsLabels}no host has it`;
  const open = labelled.filter(({ host }) => takesNew(host));
  if (open.length === 0) return `${needsLabels}${closedReason(labelled)}`;
  const enough = open.filter(
    ({ host: { capacity } }) => needs.cpus <= capacity.cpus && needs.memoryBytes <= capacity.memoryBytes,
  );
  if (enough.length === 0) return `${needsLabels}${tooLargeReason(open, needs)}`;
  return `${needsLabels}${fullReason(enough, needs)}`;
}

function closedReason(hosts: readonly HostUsage[]): string {
  const draining = hosts.filter(({ host }) => host.draining).length;
  const suspect = hosts.length - draining;
  const why = [
    draining > 0 ? `${draining} draining` : '',
    suspect > 0 ? `${suspect} not heard of lately` : '',
  ].filter((part) => part !== '');
  return `${hosts.length === 1 ? `the host ${hosts[0]?.name}` : `all ${hosts.length} hosts`} that could take it: ${why.join(', ')}`;
}

function tooLargeReason(hosts: readonly HostUsage[], { cpus, memoryBytes }: ReplicaNeeds): string {
  const most = (of: (usage: HostUsage) => number) =>
    hosts.reduce((largest, usage) => Math.max(largest, of(usage)), 0);
  const largest = {
    cpus: most(({ host }) => host.capacity.cpus),
    memoryBytes: most(({ host }) => host.capacity.memoryBytes),
  };
  if (cpus > largest.cpus)
    return `needs ${amount(cpus)} CPUs: no host has more than ${amount(largest.cpus)}; ask for less in resources.cpu`;
  if (memoryBytes > largest.memoryBytes)
    return `needs ${mebibytes(memoryBytes)} of memory: no host has more than ${mebibytes(largest.memoryBytes)}; ask for less in resources.memory`;
  return `needs ${amount(cpus)} CPUs and ${mebibytes(memoryBytes)} of memory: no host has both`;
}

function fullReason(hosts: readonly HostUsage[], needs: ReplicaNeeds): string {
  const sum = (of: (usage: HostUsage) => number) => hosts.reduce((total, usage) => total + of(usage), 0);
  const full: string[] = [];
  if (hosts.some(({ replicas, host }) => replicas >= host.capacity.maxReplicas)) {
    const finite = hosts.filter(({ host }) => Number.isFinite(host.capacity.maxReplicas));
    const used = finite.reduce((total, { replicas }) => total + replicas, 0);
    full.push(
      `${used} of ${finite.reduce((total, { host }) => total + host.capacity.maxReplicas, 0)} replicas`,
    );
  }
  if (hosts.some((usage) => usage.memoryBytes + needs.memoryBytes > usage.host.capacity.memoryBytes))
    full.push(
      `${mebibytes(sum(({ memoryBytes }) => memoryBytes))} of ${mebibytes(sum(({ host }) => host.capacity.memoryBytes))}, ${mebibytes(needs.memoryBytes)} more needed on one`,
    );
  if (hosts.some((usage) => usage.cpus + needs.cpus > usage.host.capacity.cpus))
    full.push(
      `${amount(sum(({ cpus }) => cpus))} of ${amount(sum(({ host }) => host.capacity.cpus))} CPUs, ${amount(needs.cpus)} more needed on one`,
    );
  const who =
    hosts.length === 1
      ? `the one host that fits, ${hosts[0]?.name}, is full`
      : `all ${hosts.length} hosts that fit are full`;
  return `${who}: ${full.join('; ')}`;
}

function mebibytes(bytes: number): string {
  return Number.isFinite(bytes) ? `${Math.round(bytes / MIB)} MiB` : 'any amount';
}

function amount(value: number): string {
  return Number.isFinite(value) ? String(Math.round(value * 100) / 100) : 'any number of';
}
