import type { Load } from '../../sdk/protocol/control.js';

/** What a replica should use of its one thread, so that there is room for a burst. */
export const TARGET_UTILIZATION = 0.7;
/** Nearer than this share to the target nothing changes. */
const TOLERANCE = 0.1;
/** Fewer replicas only after the load was low for so long. */
export const COOL_DOWN_MS = 180_000;
/** At most so many times as many in one step. */
const MAX_GROWTH = 2;

export interface ScaleRange {
  readonly min: number;
  readonly max: number;
}

/** Forgetting it costs the cool-down once more. */
export interface ScaleMemory {
  readonly replicas: number;
  /** Since when fewer would do, Unix ms, and the most that were needed since. */
  readonly low: { readonly since: number; readonly peak: number } | undefined;
}

export interface ScaleDecision {
  readonly replicas: number;
  readonly memory: ScaleMemory;
  /** In words, for `weaverd plan`. */
  readonly explanation: string;
}

/**
 * How many replicas a group should have for the load that its serving ones report: the sum of their use over what
 * each should use, as the Horizontal Pod Autoscaler of Kubernetes reckons. More at once, up to twice as many; fewer when
 * fewer did for {@link COOL_DOWN_MS}, and then as many as were needed at most meanwhile. A replica's use is the larger
 * of its CPU time (of one core) and its event-loop utilization; queueing shows in the latter.
 */
export function scale(
  { min, max }: ScaleRange,
  loads: readonly Load[],
  memory: ScaleMemory,
  now: number,
): ScaleDecision {
  const current = Math.min(max, Math.max(min, memory.replicas));
  const stay = (explanation: string): ScaleDecision => ({
    replicas: current,
    memory: { replicas: current, low: undefined },
    explanation,
  });
  if (min === max) return stay(`${current}: as the manifest says`);
  if (loads.length === 0) return stay(`${current}: no replica has reported its load`);

  const use = loads.reduce((sum, load) => sum + utilization(load), 0);
  const seen = `${loads.length} serving use ${percent(use / loads.length)} each, the target is ${percent(TARGET_UTILIZATION)}`;
  const needed = Math.min(max, Math.max(min, Math.ceil(use / TARGET_UTILIZATION)));
  const ratio = use / current / TARGET_UTILIZATION;
  if (needed > current) {
    if (ratio <= 1 + TOLERANCE) return stay(`${current}: ${seen}`);
    const replicas = Math.min(needed, current * MAX_GROWTH);
    return { replicas, memory: { replicas, low: undefined }, explanation: `${replicas}, up: ${seen}` };
  }
  if (needed === current || ratio > 1 - TOLERANCE) return stay(`${current}: ${seen}`);

  const low = {
    since: memory.low?.since ?? now,
    peak: Math.max(needed, memory.low?.peak ?? needed),
  };
  if (now - low.since < COOL_DOWN_MS)
    return {
      replicas: current,
      memory: { replicas: current, low },
      explanation: `${current}: ${seen}; ${low.peak} will do when it has been so for ${COOL_DOWN_MS / 1000} s`,
    };
  return {
    replicas: low.peak,
    memory: { replicas: low.peak, low: undefined },
    explanation: `${low.peak}, down: ${seen}`,
  };
}

/** 0 to 1; more than one core is as full as one. */
function utilization({ cpuMs, intervalMs, eventLoopUtilization }: Load): number {
  return Math.min(1, Math.max(cpuMs / Math.max(1, intervalMs), eventLoopUtilization));
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
