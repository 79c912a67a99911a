import type { EpochMemory } from '../host/epoch-fence.js';
import { incarnationOf } from '../leader/epoch.js';
import type { ClusterMemory } from '../memory/cluster-memory.js';

/** Each new incarnation is written to disk; the epochs within one need not be, as a leader's own are above them. */
export function durableEpochs(memory: Pick<ClusterMemory, 'highestEpoch' | 'leader' | 'raise'>): EpochMemory {
  let highest = memory.highestEpoch;
  let followed = memory.leader;
  return {
    highestEpoch: () => highest,
    leader: () => followed,
    sawEpoch(epoch, leader) {
      if (epoch < highest) return;
      followed = leader;
      const isNew = incarnationOf(epoch) > incarnationOf(highest);
      highest = epoch;
      // A disk that refuses is a problem that the memory tells of; the fence holds until the daemon ends.
      if (isNew) memory.raise(epoch, leader).catch(() => undefined);
    },
  };
}
