/** What is known of one method's latencies: how many calls, and two points of their distribution, ms. */
export interface LatencySummary {
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * A quantile (0.5 to 0.99) over all calls together, ms; 0 when none was timed. Each method is taken to spread evenly
 * from 0 to its p50 and from there to its p99: exact for one method, and never outside of what the methods report.
 */
export function mixtureQuantile(summaries: readonly LatencySummary[], quantile: number): number {
  const timed = summaries.filter(({ calls, p99Ms }) => calls > 0 && p99Ms > 0);
  const calls = timed.reduce((sum, summary) => sum + summary.calls, 0);
  let low = 0;
  let high = Math.max(0, ...timed.map(({ p50Ms, p99Ms }) => Math.max(p50Ms, p99Ms)));
  for (let step = 0; step < 40 && high - low > 1e-6 * high; step++) {
    const middle = (low + high) / 2;
    const share =
      timed.reduce((sum, summary) => sum + summary.calls * shareBelow(summary, middle), 0) / calls;
    if (share < quantile) low = middle;
    else high = middle;
  }
  return high;
}

function shareBelow({ p50Ms, p99Ms }: LatencySummary, ms: number): number {
  if (ms >= p99Ms) return 0.99;
  if (ms >= p50Ms) return 0.5 + (0.49 * (ms - p50Ms)) / (p99Ms - p50Ms);
  return (0.5 * ms) / p50Ms;
}
