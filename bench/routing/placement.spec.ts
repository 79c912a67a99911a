import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { ServiceBroker, Strategies } from 'moleculer';
import { equalSlices } from './equal-slices.js';
import { membershipChanges, minimumMoved } from './membership-changes.js';
import { moleculerShard } from './moleculer-shard.js';
import { rendezvous } from './rendezvous.js';
import { slicer } from './slicer-strategy.js';
import { virtualNodeRing } from './virtual-node-ring.js';
import { seeded } from './zipf.js';

interface ShardStrategy {
  rebuild(nodes: readonly { readonly id: string }[]): void;
  getNodeIDByKey(key: string): string | null;
}

describe('bench routing: placements', () => {
  const hashes = Array.from({ length: 4096 }, (_, index) => (index + 0.5) * 2 ** 20);

  it('gives each key to a member, with every strategy, and each member about its share', () => {
    const members = ['a', 'b', 'c', 'd', 'e'];
    for (const { name, start } of [slicer, virtualNodeRing, rendezvous, moleculerShard, equalSlices]) {
      const owners = hashes.map(start(members).placement);
      for (const member of members)
        expect(owners.filter((owner) => owner === member).length / owners.length, name).to.be.within(
          0.14,
          0.27,
        );
    }
  });

  it('places as the real shard strategy of Moleculer does', async () => {
    const broker = new ServiceBroker({ logger: false });
    const Shard = Strategies.Shard as unknown as new (
      registry: unknown,
      broker: unknown,
      options: object,
    ) => ShardStrategy;
    const theirs = new Shard(undefined, broker, { shardKey: 'id' });
    const nodes = ['n1', 'n10', 'n2', 'n3', 'n7'];
    theirs.rebuild(nodes.map((id) => ({ id })));
    const { placement } = moleculerShard.start(nodes);
    for (let key = 0; key < 500; key++) {
      const hash = createHash('md5').update(String(key)).digest().readUInt32BE(0);
      expect(placement(hash)).to.equal(theirs.getNodeIDByKey(String(key)));
    }
  });

  it('moves nothing between members that stay, with those that hash consistently', () => {
    for (const strategy of [slicer, virtualNodeRing, rendezvous])
      for (const { moved, minimum } of membershipChanges(strategy, hashes, {
        from: 3,
        to: 9,
        random: seeded(1),
      }))
        expect(moved, strategy.name).to.be.closeTo(minimum, 1e-9);
  });

  it('takes as the minimum what those have got who have more than before', () => {
    expect(minimumMoved(['a', 'a', 'b', 'b'], ['a', 'c', 'b', 'b'])).to.equal(0.25);
    expect(minimumMoved(['a', 'b'], ['b', 'a'])).to.equal(0);
    const owners = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(owners, owners, (before, after) => {
        const moved = before.filter((owner, index) => owner !== after[index]).length / before.length;
        expect(minimumMoved(before, after)).to.be.at.most(moved + 1e-9);
      }),
    );
  });
});
