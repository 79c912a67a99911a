import type { Random } from './random.js';

export type Action = 'index' | 'set currency' | 'browse product' | 'add to cart' | 'view cart' | 'checkout';

/** The usual mix of Online Boutique's load generator: how often each action is done, and the requests it takes. */
export const mix: readonly { readonly action: Action; readonly weight: number; readonly requests: number }[] =
  [
    { action: 'index', weight: 1, requests: 1 },
    { action: 'set currency', weight: 2, requests: 1 },
    { action: 'browse product', weight: 10, requests: 1 },
    { action: 'add to cart', weight: 2, requests: 2 },
    { action: 'view cart', weight: 3, requests: 1 },
    { action: 'checkout', weight: 1, requests: 3 },
  ];

const totalWeight = mix.reduce((sum, { weight }) => sum + weight, 0);

/** Requests that an action takes on average. */
export const requestsPerAction =
  mix.reduce((sum, { requests, weight }) => sum + requests * weight, 0) / totalWeight;

export function chooseAction(random: Random): Action {
  let left = random() * totalWeight;
  for (const { action, weight } of mix) {
    left -= weight;
    if (left < 0) return action;
  }
  return 'index';
}
