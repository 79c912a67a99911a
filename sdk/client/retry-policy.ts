import type { RemoteCallError } from '../errors/remote-call-error.js';

export type RetryDecision =
  | 'fail'
  /** It did not run: try again, elsewhere if possible. */
  | 'again'
  /** It may have run, and may run twice. */
  | 'repeat';

/** Attempts of one call, the first included. */
export const MAX_ATTEMPTS = 5;

/**
 * Whether a failed attempt is followed by another. A call that certainly was not executed may always be tried again; one
 * of unknown outcome only when the method may run twice. Nothing is repeated after its deadline or its cancel, and no
 * overload is answered with more load.
 */
export function decideRetry(error: RemoteCallError, attempt: number, retriable: boolean): RetryDecision {
  if (attempt >= MAX_ATTEMPTS) return 'fail';
  switch (error.code) {
    case 'UNAVAILABLE':
    case 'VERSION_MISMATCH':
    case 'STALE_OWNER':
      return error.executed === 'no' ? 'again' : retriable ? 'repeat' : 'fail';
    case 'UNKNOWN_OUTCOME':
      return retriable ? 'repeat' : 'fail';
    default:
      return 'fail';
  }
}
