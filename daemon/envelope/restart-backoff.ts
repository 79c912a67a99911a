/** When a crashed replica is started again: exponential back-off with full jitter. */
export interface BackoffPolicy {
  /** Upper bound of the first wait, ms; it doubles with each crash in a row. */
  readonly baseMs: number;
  /** Upper bound of every wait, ms. */
  readonly capMs: number;
  /** After this long serving, the crashes before are forgotten, ms. */
  readonly forgiveAfterMs: number;
  /** So many crashes in a row are a crash loop. */
  readonly crashLoopAfter: number;
}

export const DEFAULT_BACKOFF: BackoffPolicy = {
  baseMs: 200,
  capMs: 10_000,
  forgiveAfterMs: 30_000,
  crashLoopAfter: 5,
};

/** Crashes in a row. Bounded, as the exponent of the wait. */
export function crashesInARow(before: number, servedMs: number, policy: BackoffPolicy): number {
  return servedMs >= policy.forgiveAfterMs ? 1 : Math.min(before + 1, 1000);
}

/** Ms to wait. `jitter`: from 0 to 1, at random. */
export function restartDelayMs(crashes: number, jitter: number, policy: BackoffPolicy): number {
  if (crashes <= 0) return 0;
  return Math.min(policy.capMs, policy.baseMs * 2 ** (crashes - 1)) * jitter;
}

export function isCrashLoop(crashes: number, policy: BackoffPolicy): boolean {
  return crashes >= policy.crashLoopAfter;
}
