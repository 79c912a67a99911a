import type { Assignment } from './assignment.js';
import { sameJson } from './same-json.js';
import type { Balancing } from './slicer/balancing.js';
import type { ReplicaKeyLoad } from './slicer/measured-slices.js';
import { nextAssignment } from './slicer/next-assignment.js';

/** The slices of one component, and what they were made from. */
export interface Balanced {
  readonly assignment: Assignment;
  /** Unix ms; undefined while no replica reports load. */
  readonly balancedAt: number | undefined;
  /** Of the replicas among which they are. */
  readonly names: readonly string[] | undefined;
}

export interface BalanceInput {
  /** Of the replicas that may have slices. */
  readonly names: readonly string[];
  readonly loads: readonly ReplicaKeyLoad[];
  readonly balancing: Balancing;
  /** Unix ms. */
  readonly now: number;
  /** Slices may move for load only. */
  readonly mayMove: boolean;
}

/** Slices are balanced when the replicas change, and for load once in the component's interval. */
export function balanced(
  before: { readonly [K in keyof Balanced]: Balanced[K] | undefined },
  { names, loads, balancing, now, mayMove }: BalanceInput,
): Balanced {
  const { assignment } = before;
  const known = sameJson(before.names, names) ? before.names : undefined;
  const isDue = mayMove && loads.length > 0 && now >= (before.balancedAt ?? 0) + balancing.interval;
  const balancedAt = loads.length === 0 ? undefined : before.balancedAt;
  if (assignment !== undefined && known !== undefined && !isDue)
    return { assignment, balancedAt, names: known };
  return {
    assignment: nextAssignment(assignment, names, loads, balancing),
    balancedAt: loads.length === 0 ? undefined : now,
    names: known ?? names,
  };
}
