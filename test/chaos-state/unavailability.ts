import { byKey } from '../linearizability/check-history.js';
import type { Operation } from '../linearizability/operation.js';

/**
 * By key, the longest time for which somebody asked and nobody was answered, ms: from the first operation that was begun
 * after a success, to the end of the next success. A key's generations (`list0.3`) count as one.
 */
export function longestUnavailability(
  operations: readonly Operation<unknown, unknown>[],
): Readonly<Record<string, number>> {
  const named = operations.map((operation) => ({ ...operation, key: operation.key.replace(/\..*/, '') }));
  const longest = [...byKey(named)].map(([key, ofKey]) => [key, Math.round(longestOf(ofKey))] as const);
  return Object.fromEntries(longest.sort());
}

function longestOf(operations: readonly Operation<unknown, unknown>[]): number {
  const asked = operations.map(({ invokedAt }) => invokedAt).sort((a, b) => a - b);
  const answered = operations
    .flatMap(({ outcome }) => (outcome.kind === 'ok' ? [outcome.at] : []))
    .sort((a, b) => a - b);
  let longest = 0;
  let last = Number.NEGATIVE_INFINITY;
  let next = 0;
  for (const at of answered) {
    while (next < asked.length && (asked[next] ?? 0) < last) next++;
    const first = asked[next] ?? at;
    if (first < at) longest = Math.max(longest, at - first);
    last = at;
  }
  return longest;
}
