import { textOf, waitUpTo4Ms } from '../operation.js';
import type { Peer } from './peer.js';

/** Calls nobody: what the waiting of the handlers costs by itself. */
export const timers: Peer = {
  serve: async () => ({ endpoint: '' }),
  connect: async () => ({
    call(operation) {
      const text = textOf(operation);
      return {
        kind: 'promise',
        async call() {
          if (operation === 'wait') await waitUpTo4Ms();
          else await new Promise((resolve) => setImmediate(resolve));
          return text;
        },
      };
    },
  }),
};
