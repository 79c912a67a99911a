import type { Model } from '../model.js';
import { type ObservedList, ObservedLists } from './observed-lists.js';

export type AccountInput =
  | { readonly kind: 'read' }
  /** One side of a transfer, below zero at the account that pays; the same id again changes nothing. */
  | { readonly kind: 'apply'; readonly id: string; readonly amount: number };

/** The account after it. */
export interface AccountOutput {
  /** False when the balance does not suffice; true of a read. */
  readonly accepted: boolean;
  readonly balance: number;
  /** Ids, in the order in which they were applied. */
  readonly applied: readonly string[];
}

export interface AccountState {
  readonly balance: number;
  readonly applied: ObservedList;
  readonly ids: ReadonlySet<string>;
}

/** One account of a bank. A transfer is an `apply` at each of two accounts, so that each can be checked by itself. */
export function account(initialBalance: number): Model<AccountInput, AccountOutput, AccountState> {
  return {
    name: 'account',
    isRead: ({ kind }) => kind === 'read',
    explains: (input, outputs) =>
      input.kind === 'apply' && outputs.some(({ applied }) => applied.includes(input.id)),
    machine(operations) {
      const lists = new ObservedLists();
      const nodes = new Map<AccountOutput, ObservedList>();
      for (const { outcome } of operations)
        if (outcome.kind === 'ok') nodes.set(outcome.output, lists.of(outcome.output.applied));
      return {
        initial: { balance: initialBalance, applied: lists.empty, ids: new Set<string>() },
        step(state, input, output) {
          const { accepted, after } = applied(state, input);
          if (after === undefined || output === undefined) return after;
          const fits =
            output.accepted === accepted &&
            output.balance === after.balance &&
            nodes.get(output) === after.applied;
          return fits ? after : undefined;
        },
        keyOf: ({ applied: { id } }) => id, // which says the balance too
      };
    },
  };
}

/** No state after it when nobody observed such an account: each operation gives all of it. */
function applied(
  state: AccountState,
  input: AccountInput,
): { readonly accepted: boolean; readonly after: AccountState | undefined } {
  if (input.kind === 'read' || state.ids.has(input.id)) return { accepted: true, after: state };
  const balance = state.balance + input.amount;
  if (balance < 0) return { accepted: false, after: state };
  const longer = state.applied.longer.get(input.id);
  const after = longer && { balance, applied: longer, ids: new Set(state.ids).add(input.id) };
  return { accepted: true, after };
}
