import type { KeyedCall, OwnedCall } from './owned-call.js';
import { overlaps, type SliceRange } from './slice-ranges.js';
import type { Tenure } from './tenure.js';

/**
 * What one routing took away, from when it is sealed until it is let go: calls in flight end, then the component's
 * `onRelease` runs.
 */
export class HandOver {
  phase: 'draining' | 'releasing' | 'done' = 'draining';
  /** In flight for what is taken away. */
  readonly calls = new Set<OwnedCall>();
  /** What stops each of them. */
  readonly timers: (() => void)[] = [];

  constructor(
    /** Of the newest routing that is fulfilled once this is done. */
    public epoch: number,
    readonly tenures: readonly Tenure[],
  ) {}

  tenureOf(hash: number): Tenure | undefined {
    return this.tenures.find(({ start, end }) => start <= hash && hash < end);
  }

  /** Their callers get STALE_OWNER, and their signals abort. */
  end(which: (call: KeyedCall) => boolean): void {
    for (const call of this.calls) if (which(call.keyed)) call.end('its key goes to another replica');
  }

  covers(range: SliceRange): boolean {
    return this.tenures.some((tenure) => overlaps(tenure, range));
  }

  /** Whether a call of that trace is in flight, and so may wait for another of it. */
  holdsTrace(traceId: string): boolean {
    for (const { keyed } of this.calls) if (keyed.trace?.traceId === traceId) return true;
    return false;
  }
}
