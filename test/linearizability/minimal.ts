import { check, type Limits } from './checker.js';
import type { Model } from './model.js';
import type { Operation } from './operation.js';

/** Of each try; what needs more is kept. */
const LIMITS: Limits = { maxConfigurations: 20_000 };

/**
 * A small part of a history that is a violation by itself: first its shortest prefix that is one, then without each
 * operation that it can do without. A read is left out; of another, it is forgotten when it ended and what it gave, since
 * without it what follows might be wrong that was right. What is then seen by nobody is left out at the end.
 */
export function minimalViolation<I, O, S>(
  model: Model<I, O, S>,
  operations: readonly Operation<I, O>[],
  limits: Limits = LIMITS,
): readonly Operation<I, O>[] {
  const isViolation = (some: readonly Operation<I, O>[]) => check(model, some, limits).kind === 'violation';
  let left = shortestPrefix(operations, isViolation);
  left = reduced(left, (operation) => (model.isRead(operation.input) ? [] : [operation]), isViolation);
  left = reduced(left, (operation) => [forgotten(operation)], isViolation);
  const outputs = left.flatMap(({ outcome }) => (outcome.kind === 'ok' ? [outcome.output] : []));
  return left.filter(({ input, outcome }) => outcome.kind === 'ok' || model.explains(input, outputs));
}

/** Up to the end of an operation: of those still under way then the outcome is not known, later ones are not there. */
function shortestPrefix<I, O>(
  operations: readonly Operation<I, O>[],
  isViolation: (some: readonly Operation<I, O>[]) => boolean,
): readonly Operation<I, O>[] {
  const ends = operations
    .flatMap(({ outcome }) => (outcome.kind === 'ok' ? [outcome.at] : []))
    .sort((a, b) => a - b);
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isViolation(until(operations, ends[middle] ?? 0))) high = middle;
    else low = middle + 1;
  }
  const prefix = until(operations, ends[low] ?? 0);
  return isViolation(prefix) ? prefix : operations; // else a prefix was too much for the limits
}

function until<I, O>(operations: readonly Operation<I, O>[], time: number): readonly Operation<I, O>[] {
  return operations
    .filter(({ invokedAt }) => invokedAt <= time)
    .map((operation) => (operation.outcome.at > time ? forgotten(operation) : operation));
}

/** Weakens larger parts first, each as far as it stays a violation. */
function reduced<I, O>(
  operations: readonly Operation<I, O>[],
  weakened: (operation: Operation<I, O>) => readonly Operation<I, O>[],
  isViolation: (some: readonly Operation<I, O>[]) => boolean,
): readonly Operation<I, O>[] {
  let left = operations;
  for (let size = Math.ceil(left.length / 2); size >= 1; size = Math.floor(size / 2))
    for (let from = 0; from < left.length; ) {
      const part = left.slice(from, from + size);
      const weaker = part.flatMap(weakened);
      const isSame = weaker.length === part.length && weaker.every((each, index) => each === part[index]);
      const without = [...left.slice(0, from), ...weaker, ...left.slice(from + size)];
      const isLess = !isSame && isViolation(without);
      if (isLess) left = without;
      from += isLess ? weaker.length : size;
    }
  return left;
}

function forgotten<I, O>(operation: Operation<I, O>): Operation<I, O> {
  if (operation.outcome.kind !== 'ok') return operation;
  return {
    ...operation,
    outcome: { kind: 'unknown', at: operation.outcome.at, code: 'whatever came of it' },
  };
}
