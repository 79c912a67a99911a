/** Exponential back-off with full jitter (Brooker, "Exponential Backoff And Jitter", AWS 2015). */
export interface Backoff {
  readonly firstMs: number;
  readonly capMs: number;
}

/** Wait before attempt `attempt` (from 1), ms; `random` is uniform in [0, 1). At least half the step, so that it is a wait. */
export function backoffMs({ firstMs, capMs }: Backoff, attempt: number, random: () => number): number {
  const step = Math.min(capMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return step / 2 + (step / 2) * random();
}
