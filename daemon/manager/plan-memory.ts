import type { ScaleMemory } from './scale.js';

/** What is remembered from one plan to the next; forgetting it costs time or a move, never safety. */
export interface PlanMemory {
  /** Since when a replica is to go, Unix ms, by its key and host. */
  readonly leavingSince: ReadonlyMap<string, number>;
  /** Why a deployment that is not serving yet failed. */
  readonly failures: ReadonlyMap<string, string>;
  /** The host of each wanted replica, also while the host has not said yet that it has it; by group (formatGroup). */
  readonly places: ReadonlyMap<string, readonly (string | undefined)[]>;
  /** The host that a replica moves away from, while it is there; by the replica's key. */
  readonly moving: ReadonlyMap<string, string>;
  /** By group (formatGroup). */
  readonly scales: ReadonlyMap<string, ScaleMemory>;
}

export const BLANK_MEMORY: PlanMemory = {
  leavingSince: new Map(),
  failures: new Map(),
  places: new Map(),
  moving: new Map(),
  scales: new Map(),
};
