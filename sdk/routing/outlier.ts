/** What one process has seen of one replica, by the calls it made. */
export interface Vital {
  /**
   * How much slower its answers are than is usual for the methods called: a moving average of ln(latency / usual), so that 0
   * is as usual and ln 4 four times as slow.
   */
  readonly slowness: number;
  /** Answers that were timed. */
  readonly samples: number;
  /** Failures since the last answer. */
  readonly failures: number;
  /** Gets no calls but probes. */
  readonly out: boolean;
}

/** Timed answers before a replica is judged by them: the first are slow in any process that has just started. */
export const MIN_SAMPLES = 20;
/** This much slower than the middle one is an outlier. */
export const SLOW_FACTOR = 4;
/** This many failures without an answer between them are, while most have answered. */
export const MAX_FAILURES = 5;
/** When the middle one fails more often itself, the replicas are not what is wrong. */
const USUAL_FAILURES = 1;

const SLOW = Math.log(SLOW_FACTOR);

/**
 * The replicas that should be taken out now, by index, the worst first (after Envoy's outlier detection): those that fail or
 * are slow against the others. Never takes out more than half of them, those that are out already included.
 */
export function outliers(all: readonly Vital[]): readonly number[] {
  const active = all.filter(({ out }) => !out);
  const room = active.length - Math.ceil(all.length / 2);
  if (room <= 0) return [];
  const usualFailures = middle(active.map(({ failures }) => failures)) ?? 0;
  const usualSlowness = middleSlowness(active) ?? 0;
  const badness = (vital: Vital) => {
    if (vital.out) return 0;
    if (vital.failures >= MAX_FAILURES && usualFailures <= USUAL_FAILURES) return Number.MAX_VALUE;
    return isSlow(vital, usualSlowness) ? vital.slowness - usualSlowness : 0;
  };
  return all
    .map((vital, index) => ({ index, badness: badness(vital) }))
    .filter((each) => each.badness > 0)
    .sort((a, b) => b.badness - a.badness)
    .slice(0, room)
    .map(({ index }) => index);
}

function isSlow({ samples, slowness }: Vital, usual: number): boolean {
  return samples >= MIN_SAMPLES && slowness - usual > SLOW;
}

/** Whether an answer with this slowness shows a replica to do as well as the others. */
export function isAsUsual(slowness: number, all: readonly Vital[]): boolean {
  return slowness - (middleSlowness(all.filter(({ out }) => !out)) ?? slowness) <= SLOW;
}

function middleSlowness(vitals: readonly Vital[]): number | undefined {
  return middle(vitals.filter(({ samples }) => samples >= MIN_SAMPLES).map(({ slowness }) => slowness));
}

/** The lower one of the middle two: of two replicas the better one tells what is usual. */
function middle(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[(values.length - 1) >> 1];
}
