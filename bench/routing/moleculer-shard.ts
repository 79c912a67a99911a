import { lowerBound, type Strategy, stateless } from './placement.js';

const VIRTUAL_NODES = 10;

/**
 * Moleculer's `Shard` strategy with its defaults (moleculer 0.14, src/strategies/shard.js): the space in equal parts, ten
 * for each node, which the nodes have in turn, sorted by their ids. Its hash, of MD5, is as even as ours.
 */
export const moleculerShard: Strategy = stateless('Moleculer shard', (members) => {
  const nodes = [...members].sort();
  const length = nodes.length * VIRTUAL_NODES;
  const part = 2 ** 32 / length;
  const ends = Array.from({ length }, (_, index) => Math.floor(part * (index + 1)));
  ends[length - 1] = 2 ** 32;
  return (hash) => nodes[lowerBound(ends, hash) % nodes.length] ?? '';
});
