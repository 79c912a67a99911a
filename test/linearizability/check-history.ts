import { check, DEFAULT_LIMITS, type Limits, type Verdict } from './checker.js';
import { minimalViolation } from './minimal.js';
import type { Model } from './model.js';
import { describeOperations, type Operation } from './operation.js';

export interface KeyVerdict {
  readonly key: string;
  readonly operations: number;
  readonly verdict: Verdict;
  /** Of a violation: the least operations that are one, one a line. */
  readonly offending?: string;
}

/** A history is linearizable when it is for each key alone (Herlihy and Wing 1990, locality). */
export function checkByKey<I, O, S>(
  model: Model<I, O, S>,
  operations: readonly Operation<I, O>[],
  limits: Limits = DEFAULT_LIMITS,
): readonly KeyVerdict[] {
  return [...byKey(operations)].map(([key, ofKey]) => {
    const verdict = check(model, ofKey, limits);
    const offending =
      verdict.kind === 'violation' ? { offending: describeOperations(minimalViolation(model, ofKey)) } : {};
    return { key, operations: ofKey.length, verdict, ...offending };
  });
}

/** Empty when each key is linearizable; else what is wrong, by key. */
export function describeProblems(name: string, verdicts: readonly KeyVerdict[]): string {
  return verdicts
    .flatMap(({ key, operations, verdict, offending }) => {
      if (verdict.kind === 'linearizable') return [];
      const what = `${name} ${key}, ${operations} operations: ${verdict.kind} after ${verdict.configurations} configurations`;
      return [offending === undefined ? what : `${what}; in short:\n${offending}`];
    })
    .join('\n\n');
}

export function byKey<T extends { readonly key: string }>(
  items: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.key) ?? [];
    groups.set(item.key, group);
    group.push(item);
  }
  return groups;
}
