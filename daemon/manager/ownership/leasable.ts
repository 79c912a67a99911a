import { isOwned } from '../../../sdk/protocol/app-description.js';
import type { ObservedReplica } from '../../envelope/replica-host.js';
import type { AppRecord } from '../app-record.js';
import { layoutFor } from '../layout.js';

/**
 * Whether a replica may be told that what it owns is its own: of each owned component in its process it must have said that it
 * acts by a routing no older than `knownSince`, so that it knows of all that went to others without its word. Undefined:
 * there is no such routing yet.
 */
export function isLeasable(
  record: AppRecord,
  { version, group, settled }: Pick<ObservedReplica, 'version' | 'group' | 'settled'>,
  knownSince: (component: string) => number | undefined,
): boolean {
  const deployment = [record.current, ...record.older].find((each) => each.version === version);
  if (deployment === undefined) return false;
  const hosted = layoutFor(deployment).groups.find(({ name }) => name === group)?.components ?? [];
  return deployment.description.components
    .filter((each) => isOwned(each) && hosted.includes(each.name))
    .every(({ name }) => {
      const since = knownSince(name);
      const epoch = settled?.find(({ component }) => component === name)?.epoch;
      return since !== undefined && epoch !== undefined && epoch >= since;
    });
}
