import type { Model } from '../model.js';
import { type ObservedList, ObservedLists } from './observed-lists.js';

export type AppendInput = { readonly kind: 'read' } | { readonly kind: 'append'; readonly element: string };
/** The whole list, after the operation. */
export type AppendOutput = readonly string[];

/** A list that only grows. Each element is appended by one operation only. */
export const appendOnly: Model<AppendInput, AppendOutput, ObservedList> = {
  name: 'append',
  isRead: ({ kind }) => kind === 'read',
  explains: (input, outputs) =>
    input.kind === 'append' && outputs.some((list) => list.includes(input.element)),
  machine(operations) {
    const lists = new ObservedLists();
    const nodes = new Map<AppendOutput, ObservedList>();
    for (const { outcome } of operations)
      if (outcome.kind === 'ok') nodes.set(outcome.output, lists.of(outcome.output));
    return {
      initial: lists.empty,
      step(state, input, output) {
        // Every operation gives the whole list: after a list that nobody observed, none of known outcome can come.
        const after = input.kind === 'read' ? state : state.longer.get(input.element);
        return output === undefined || after === nodes.get(output) ? after : undefined;
      },
      keyOf: ({ id }) => id,
    };
  },
};
