import type { TestFleet } from '../support/test-fleet.js';

export interface Injected {
  /** Hosts whose callers may have no second healthy replica in reach, or are themselves ended. */
  readonly affected: readonly string[];
  /** Ends the fault. */
  readonly undo: () => Promise<void> | void;
}

export interface Fault {
  readonly name: string;
  /** How long it lasts. */
  readonly holdMs: number;
  /**
   * `control`: of the control plane only, so that no call at all may fail, and each proclet goes on (KEEP-SERVING,
   * ADOPT). `data`: proclets end, or links.
   */
  readonly plane: 'control' | 'data';
  readonly inject: (fleet: TestFleet) => Promise<Injected>;
}

/** Beyond it a silent host is declared dead (daemon/membership/membership.ts), and its replicas run elsewhere. */
export const BEYOND_DEATH_MS = 14_000;
/** For which it is only suspected. */
export const BEFORE_DEATH_MS = 5000;
