import type { Model } from '../model.js';

export type CounterInput = { readonly kind: 'read' } | { readonly kind: 'add'; readonly amount: number };

/** A number, at first 0; each operation gives the number after it. */
export const counter: Model<CounterInput, number, number> = {
  name: 'counter',
  isRead: ({ kind }) => kind === 'read',
  explains: ({ kind }) => kind === 'add',
  machine: () => ({
    initial: 0,
    step(state, input, output) {
      const after = input.kind === 'read' ? state : state + input.amount;
      return output === undefined || output === after ? after : undefined;
    },
    keyOf: (state) => state,
  }),
};
