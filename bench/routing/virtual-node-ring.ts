import { hashKey } from '../../sdk/protocol/key-hash.js';
import { lowerBound, mixedHash, type Strategy, stateless } from './placement.js';

/** Points of each member, as libketama has them. */
const POINTS = 160;

/**
 * Consistent hashing with virtual nodes (Karger et al., STOC 1997), with libketama's number of points: a key is the
 * member's whose point is the next on the ring.
 */
export const virtualNodeRing: Strategy = stateless(`ring of ${POINTS} virtual nodes`, (members) => {
  const points = members
    .flatMap((member) => {
      const seed = hashKey(member);
      return Array.from({ length: POINTS }, (_, index) => ({ at: mixedHash(seed, index + 1), member }));
    })
    .sort((a, b) => a.at - b.at);
  const places = Uint32Array.from(points, ({ at }) => at);
  return (hash) => points[lowerBound(places, hash) % points.length]?.member ?? '';
});
