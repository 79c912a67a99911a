import { type Epoch, incarnationOf, NO_EPOCH } from '../leader/epoch.js';

/** The highest epoch of this host, and whose it is; on disk. */
export interface EpochMemory {
  highestEpoch(): Epoch;
  /** Who leads that epoch's incarnation ({@link Leadership.leader}); undefined when it is not known. */
  leader(): string | undefined;
  /** There is such an epoch of that leader. Higher incarnations are on disk soon. */
  sawEpoch(epoch: Epoch, leader: string): void;
}

/**
 * What a host refuses: messages of a leader that another one has followed already, those of a second leader of one
 * incarnation, and of each kind those that are older than the newest.
 */
export class EpochFence {
  readonly #memory: EpochMemory;
  readonly #refused: (why: string) => void;
  readonly #newest = new Map<string, Epoch>();

  /** `refused` hears of each message of a former or second leader. */
  constructor(memory: EpochMemory, refused: (why: string) => void) {
    this.#memory = memory;
    this.#refused = refused;
  }

  /** Whether to act on a message of that kind. The same epoch may come again. */
  admit(kind: string, epoch: Epoch, leader: string): boolean {
    const highest = this.#memory.highestEpoch();
    const followed = this.#memory.leader() ?? leader;
    const [given, newest] = [incarnationOf(epoch), incarnationOf(highest)];
    if (given < newest) {
      this.#refused(`a message of a former leader was refused: epoch ${epoch}, seen ${highest}`);
      return false;
    }
    if (given === newest && leader !== followed) {
      this.#refused(
        `a second leader of incarnation ${given} was refused: ${leader}, ${followed} is followed`,
      );
      return false;
    }
    if (epoch < (this.#newest.get(kind) ?? NO_EPOCH)) return false;
    this.#newest.set(kind, epoch);
    this.#memory.sawEpoch(epoch, leader);
    return true;
  }

  /** The newest of a kind that was admitted; {@link NO_EPOCH} for none. */
  newest(kind: string): Epoch {
    return this.#newest.get(kind) ?? NO_EPOCH;
  }

  /** Nothing of that kind will come any more. */
  forget(kind: string): void {
    this.#newest.delete(kind);
  }
}

/** For a host that is alone: epochs rise with the lease in its own store. */
export function volatileEpochs(): EpochMemory {
  let highest = NO_EPOCH;
  let followed: string | undefined;
  return {
    highestEpoch: () => highest,
    leader: () => followed,
    sawEpoch: (epoch, leader) => {
      if (epoch < highest) return;
      highest = epoch;
      followed = leader;
    },
  };
}
