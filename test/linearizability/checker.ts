import { Frontier, type Known } from './frontier.js';
import type { Machine, Model } from './model.js';
import type { Operation } from './operation.js';
import { Pending } from './pending.js';

export interface Limits {
  /** Each is remembered, and looked at once: this bounds time and memory. */
  readonly maxConfigurations: number;
}

export const DEFAULT_LIMITS: Limits = { maxConfigurations: 400_000 };

export type Verdict =
  | { readonly kind: 'linearizable'; readonly configurations: number }
  | { readonly kind: 'violation'; readonly configurations: number }
  /** The limit was reached before an order was found or excluded. */
  | { readonly kind: 'undecided'; readonly configurations: number };

/** One operation that comes next in the order, and the state after it. */
type Choice<I, O, S> =
  | { readonly of: 'known'; readonly operation: Known<I, O>; readonly state: S }
  | { readonly of: 'pending'; readonly pending: number; readonly state: S };

interface Step<I, O, S> {
  readonly choices: readonly Choice<I, O, S>[];
  tried: number;
}

/**
 * Whether the operations of one key have an order that the model allows and that keeps one after another which had ended
 * before the other began. After Wing and Gong, "Testing and Verifying Concurrent Objects" (1993), with Lowe's memory of
 * configurations (set of operations in the order, state) from "Testing for Linearizability" (2017).
 *
 * Failed operations have no place in the order. Those of unknown outcome may have one, anywhere after their invocation.
 */
export function check<I, O, S>(
  model: Model<I, O, S>,
  operations: readonly Operation<I, O>[],
  { maxConfigurations }: Limits = DEFAULT_LIMITS,
): Verdict {
  const machine = model.machine(operations);
  const frontier = new Frontier(operations);
  const outputs = operations.flatMap(({ outcome }) => (outcome.kind === 'ok' ? [outcome.output] : []));
  const pending = new Pending(
    operations.filter(({ input, outcome }) => outcome.kind === 'unknown' && model.explains(input, outputs)),
  );
  const seen = new Set<string>();
  const stack: Step<I, O, S>[] = [];

  const apply = (choice: Choice<I, O, S>) =>
    choice.of === 'known' ? frontier.add(choice.operation) : pending.add(choice.pending);
  const revert = (choice: Choice<I, O, S>) =>
    choice.of === 'known' ? frontier.remove(choice.operation) : pending.remove(choice.pending);
  const enter = (state: S) => {
    const configuration = `${frontier.key()}|${pending.key()}|${machine.keyOf(state)}`;
    if (seen.has(configuration)) return false;
    seen.add(configuration);
    stack.push({ choices: choicesAt(model, machine, frontier, pending, state), tried: 0 });
    return true;
  };

  enter(machine.initial);
  while (!frontier.isEmpty) {
    const step = stack.at(-1);
    if (step === undefined) return { kind: 'violation', configurations: seen.size };
    if (seen.size >= maxConfigurations) return { kind: 'undecided', configurations: seen.size };
    const choice = step.choices[step.tried++];
    if (choice !== undefined) {
      apply(choice);
      if (!frontier.isEmpty && !enter(choice.state)) revert(choice);
    } else {
      stack.pop();
      const before = stack.at(-1);
      const last = before?.choices[before.tried - 1];
      if (last !== undefined) revert(last);
    }
  }
  return { kind: 'linearizable', configurations: seen.size };
}

function choicesAt<I, O, S>(
  model: Model<I, O, S>,
  machine: Machine<I, O, S>,
  frontier: Frontier<I, O>,
  pending: Pending<I>,
  state: S,
): readonly Choice<I, O, S>[] {
  const { candidates, before } = frontier.next();
  const choices: Choice<I, O, S>[] = [];
  for (const operation of candidates) {
    const after = machine.step(state, operation.input, operation.output);
    if (after === undefined) continue;
    const choice = { of: 'known', operation, state: after } as const;
    // Whatever order there is, a read that fits here can be moved here.
    if (model.isRead(operation.input)) return [choice];
    choices.push(choice);
  }
  for (const { kind, input } of pending.next(before)) {
    const after = machine.step(state, input, undefined);
    const isIdle = after !== undefined && machine.keyOf(after) === machine.keyOf(state);
    if (after !== undefined && !isIdle) choices.push({ of: 'pending', pending: kind, state: after });
  }
  return choices;
}
