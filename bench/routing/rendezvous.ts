import { hashKey } from '../../sdk/protocol/key-hash.js';
import { mixedHash, type Strategy, stateless } from './placement.js';

/** Highest random weight (Thaler, Ravishankar, IEEE/ACM ToN 1998): a key is the member's whose hash with it is highest. */
export const rendezvous: Strategy = stateless('rendezvous hashing', (members) => {
  const seeds = members.map((member) => hashKey(member));
  return (hash) => {
    let [best, highest] = [0, -1];
    for (const [index, seed] of seeds.entries()) {
      const weight = mixedHash(hash, seed);
      if (weight > highest) [best, highest] = [index, weight];
    }
    return members[best] ?? '';
  };
});
