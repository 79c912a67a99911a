import type { PublishedReplica } from '../host/host-messages.js';
import type { HostedReplica } from './hosted-replica.js';
import { formatReplica } from './replica-key.js';

/** Those that serve; of a version that is being retired, the draining ones when no other is left. Sorted by name. */
export function routable(
  replicas: readonly HostedReplica[],
  leaving: ReadonlySet<string>,
): readonly PublishedReplica[] {
  const staying = replicas.filter((replica) => !leaving.has(formatReplica(replica)));
  const serving = staying.filter(({ state }) => state === 'serving');
  const chosen = serving.length > 0 ? serving : staying.filter(({ state }) => state === 'draining');
  return chosen
    .flatMap(({ replica, group, generation, host, address, remoteAddress }) =>
      address === undefined ? [] : [{ replica, group, generation, host, address, remoteAddress }],
    )
    .sort((a, b) => (a.replica < b.replica ? -1 : 1));
}
