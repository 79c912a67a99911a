import type { Action, History } from './history.js';
import type { Violation } from './invariants.js';
import { type RunOptions, runHistory } from './run-history.js';

export interface Shrunk {
  readonly history: History;
  /** Of the actions of the history that was given, by index. */
  readonly kept: readonly number[];
  readonly violation: Violation;
  readonly runs: number;
}

const MAX_RUNS = 300;

/**
 * The shortest history found that still breaks the same invariant: drops ever smaller parts of the actions (after
 * Zeller, "Yesterday, my program worked. Today, it does not. Why?", 1999).
 */
export async function shrink(
  history: History,
  violation: Violation,
  options: RunOptions = {},
): Promise<Shrunk> {
  let kept = history.actions.map((action, index) => ({ action, index }));
  let found = violation;
  let runs = 0;
  let parts = 2;
  while (kept.length > 0 && runs < MAX_RUNS) {
    const size = Math.ceil(kept.length / parts);
    let isShorter = false;
    for (let from = 0; from < kept.length && runs < MAX_RUNS; from += size) {
      const fewer = kept.filter((_, index) => index < from || index >= from + size);
      const outcome = await runHistory({ ...history, actions: fewer.map(({ action }) => action) }, options);
      runs++;
      if (outcome.violation?.invariant !== violation.invariant) continue;
      found = outcome.violation;
      kept = fewer;
      isShorter = true;
      break;
    }
    if (isShorter) parts = Math.max(2, parts - 1);
    else if (size > 1) parts = Math.min(kept.length, parts * 2);
    else break;
  }
  const actions: readonly Action[] = kept.map(({ action }) => action);
  return { history: { ...history, actions }, kept: kept.map(({ index }) => index), violation: found, runs };
}
