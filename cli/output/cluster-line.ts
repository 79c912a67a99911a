import type { ClusterStatus } from '../../daemon/api/api-types.js';
import { printable } from './printable.js';
import { plural } from './quantities.js';

/** `cluster shop, led by h1, 3 hosts (1 dead), NATS connected`. */
export function formatClusterLine({ name, bus, leader, hosts }: ClusterStatus): string {
  const led = leader === undefined ? 'no leader answers' : `led by ${leader.host}`;
  const counts = (['suspect', 'dead', 'left'] as const).flatMap((state) => {
    const count = hosts.filter((host) => host.state === state).length;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  const draining = hosts.filter((host) => host.draining).length;
  if (draining > 0) counts.push(`${draining} draining`);
  const some = counts.length === 0 ? '' : ` (${counts.join(', ')})`;
  const known = leader === undefined ? '' : `, ${plural(hosts.length, 'host')}${some}`;
  const why = bus.reason === undefined ? '' : `: ${printable(bus.reason)}`;
  return `cluster ${name}, ${led}${known}, NATS ${bus.state}${why}`;
}
