import type { Machine, Model } from './model.js';
import type { Operation } from './operation.js';

/** By the definition: whether any order of all, or all but some of unknown outcome, is one. For a few operations only. */
export function isLinearizableByDefinition<I, O, S>(
  model: Model<I, O, S>,
  operations: readonly Operation<I, O>[],
): boolean {
  return hasOrder(
    model.machine(operations),
    operations.filter(({ outcome }) => outcome.kind !== 'failed'),
  );
}

function hasOrder<I, O, S>(
  machine: Machine<I, O, S>,
  left: readonly Operation<I, O>[],
  state: S = machine.initial,
): boolean {
  if (left.every(({ outcome }) => outcome.kind === 'unknown')) return true;
  return left.some((operation) => {
    const { input, outcome } = operation;
    const isNext = left.every(
      (other) =>
        other.outcome.kind !== 'ok' || other.outcome.at >= operation.invokedAt || other === operation,
    );
    if (!isNext) return false;
    const after = machine.step(state, input, outcome.kind === 'ok' ? outcome.output : undefined);
    return (
      after !== undefined &&
      hasOrder(
        machine,
        left.filter((other) => other !== operation),
        after,
      )
    );
  });
}
