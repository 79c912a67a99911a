import { NO_OWNER, type SliceAssignment } from '../../../sdk/protocol/control.js';
import type { PublishedReplica } from '../../host/host-messages.js';
import type { Grant } from './grants.js';

/**
 * The slices of an owned component as the proclets of one version hear of them. What is being handed over, or is with a
 * replica of another version, has no owner for them. Neighbours of one owner and epoch are one.
 */
export function ownedSlices(
  grants: readonly Grant[],
  version: string,
  replicas: readonly PublishedReplica[],
): Required<Omit<SliceAssignment, 'others'>> {
  const starts: number[] = [];
  const owners: number[] = [];
  const epochs: number[] = [];
  for (const grant of grants) {
    const owner = ownerOf(grant, version, replicas);
    if (owners.at(-1) === owner && epochs.at(-1) === grant.epoch) continue;
    starts.push(grant.start);
    owners.push(owner);
    epochs.push(grant.epoch);
  }
  return { starts, owners, epochs };
}

function ownerOf({ holder, takenAt }: Grant, version: string, replicas: readonly PublishedReplica[]): number {
  if (holder === undefined || takenAt !== undefined || holder.version !== version) return NO_OWNER;
  // NO_OWNER for one that is not among them.
  return replicas.findIndex(
    ({ replica, generation, host }) =>
      replica === holder.replica && generation === holder.generation && host === holder.host,
  );
}
