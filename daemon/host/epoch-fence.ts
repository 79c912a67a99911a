import { type Epoch, incarnationOf, NO_EPOCH } from '../leader/epoch.js';

/** The highest epoch of this host, on disk. */
export interface EpochMemory {
  highestEpoch(): Epoch;
  /** There is such an epoch. Higher incarnations are on disk soon. */
  sawEpoch(epoch: Epoch): void;
}

/**
 * What a host refuses: messages of a leader that another one has followed already, and of each kind those that are
 * older than the newest.
 */
export class EpochFence {
  readonly #memory: EpochMemory;
  readonly #refused: (epoch: Epoch, highest: Epoch) => void;
  readonly #newest = new Map<string, Epoch>();

  /** `refused` hears of each message of a former leader. */
  constructor(memory: EpochMemory, refused: (epoch: Epoch, highest: Epoch) => void) {
    this.#memory = memory;
    this.#refused = refused;
  }

  /** Whether to act on a message of that kind. The same epoch may come again. */
  admit(kind: string, epoch: Epoch): boolean {
    const highest = this.#memory.highestEpoch();
    if (incarnationOf(epoch) < incarnationOf(highest)) {
      this.#refused(epoch, highest);
      return false;
    }
    if (epoch < (this.#newest.get(kind) ?? NO_EPOCH)) return false;
    this.#newest.set(kind, epoch);
    this.#memory.sawEpoch(epoch);
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
  return {
    highestEpoch: () => highest,
    sawEpoch: (epoch) => {
      if (epoch > highest) highest = epoch;
    },
  };
}
