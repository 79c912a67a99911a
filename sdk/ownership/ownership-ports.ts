import type { Clock } from '../transport/clock.js';
import type { Lease } from './lease.js';
import type { SliceRange } from './slice-ranges.js';

/** Times of a hand-over, ms. */
export const OWNERSHIP_TIMES = {
  /** Streams of keys that are taken away may go on for so long; they seldom end by themselves. */
  streamDrain: 1000,
  /** Calls in flight may. */
  callDrain: 5000,
  /** From when a call's signal was aborted until it is no longer waited for. */
  abortedDrain: 1000,
  release: 5000,
  /** Calls wait for `onAcquire` for so long. */
  acquire: 5000,
  firstRetry: 100,
  lastRetry: 5000,
} as const;

/** Where ownership touches the process. */
export interface OwnershipPorts {
  readonly clock: Clock;
  readonly lease: Lease;
  /** Runs the component's `onAcquire`, not before this has returned; undefined when there is nothing to wait for. */
  acquire(slice: SliceRange): Promise<void> | undefined;
  /** Runs its `onRelease`. */
  release(slice: SliceRange): Promise<void> | undefined;
  /** It acts for no key that the routing of that epoch does not grant, and what it did for others has ended. */
  settled(epoch: number): void;
  problem(message: string, details: { readonly slice?: SliceRange; readonly err?: unknown }): void;
}
