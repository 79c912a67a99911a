import { StateError } from '../state-error.js';
import type { Entry } from './entry.js';

export function about({ state, key }: Pick<Entry, 'state' | 'key'>): string {
  return `${state}[${JSON.stringify(key.length > 100 ? `${key.slice(0, 100)}…` : key)}]`;
}

/** Of a key that another replica may act for. */
export function notOwned(component: string, entry: Pick<Entry, 'state' | 'key'>): StateError {
  return new StateError(
    'STALE_OWNER',
    `this replica of ${component} does not own ${about(entry)} now: let calls about it come by its routing key; if the keys of the state are no routing keys, say whose they are: ctx.state('${entry.state}', { owner: (key) => … })`,
  );
}

export function lostSuffix(entry: Entry): StateError {
  return new StateError(
    'SUFFIX_LOST',
    `Redis has lost what it had acknowledged of ${about(entry)}: it was restored, or a replica took over that did not have it. This is said once; what is there is read from now on`,
  );
}

export function failedWrite(entry: Entry, reason: string): StateError {
  return new StateError('WRITE_FAILED', `${about(entry)} is not stored: ${reason}`);
}

export function unknownWrite(entry: Entry, reason: string): StateError {
  return new StateError(
    'WRITE_UNKNOWN',
    `whether ${about(entry)} is stored is not known: ${reason}. Read it to find out`,
    { executed: 'unknown' },
  );
}

/** Of a write that was asked for in the belief that the one before it would succeed. */
export function notTried(entry: Entry, cause: unknown): StateError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StateError(
    'WRITE_FAILED',
    `${about(entry)} is not stored, as the write before it failed: ${why}`,
  );
}
