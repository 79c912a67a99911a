import { type Strategy, stateless } from './placement.js';

/** The space in as many equal slices as there are members, theirs in order of their names. */
export const equalSlices: Strategy = stateless('equal slices', (members) => {
  const sorted = [...members].sort();
  return (hash) => sorted[Math.floor((hash / 2 ** 32) * sorted.length)] ?? '';
});
