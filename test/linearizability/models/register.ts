import type { Model } from '../model.js';

export type RegisterInput =
  | { readonly kind: 'read' }
  | { readonly kind: 'write'; readonly value: string }
  /** Gives the value before it. */
  | { readonly kind: 'swap'; readonly value: string };
/** The value read, or the one before a swap; null of a write, and of a key that has none. */
export type RegisterOutput = string | null;

/** One value, at first none. */
export const register: Model<RegisterInput, RegisterOutput, RegisterOutput> = {
  name: 'register',
  isRead: ({ kind }) => kind === 'read',
  // What nobody saw was overwritten before anybody looked.
  explains: (input, outputs) => input.kind !== 'read' && outputs.includes(input.value),
  machine: () => ({
    initial: null,
    step(state, input, output) {
      switch (input.kind) {
        case 'read':
          return output === undefined || output === state ? state : undefined;
        case 'write':
          return input.value;
        case 'swap':
          return output === undefined || output === state ? input.value : undefined;
      }
    },
    keyOf: (state) => JSON.stringify(state),
  }),
};
