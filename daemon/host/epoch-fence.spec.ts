import { expect } from 'chai';
import { type Epoch, epochOf, NO_EPOCH } from '../leader/epoch.js';
import { EpochFence } from './epoch-fence.js';

describe('epoch fence', () => {
  let highest: Epoch;
  let followed: string | undefined;
  let refused: string[];
  let fence: EpochFence;
  beforeEach(() => {
    highest = NO_EPOCH;
    followed = undefined;
    refused = [];
    const memory = {
      highestEpoch: () => highest,
      leader: () => followed,
      sawEpoch: (epoch: Epoch, leader: string) => {
        if (epoch < highest) return;
        highest = epoch;
        followed = leader;
      },
    };
    fence = new EpochFence(memory, (why) => refused.push(why));
  });

  it('admits the newest of each kind, and the same again', () => {
    expect(fence.admit('routes', epochOf(1, 5), 'a')).to.equal(true);
    expect(fence.admit('routes', epochOf(1, 5), 'a')).to.equal(true);
    expect(fence.admit('routes', epochOf(1, 4), 'a')).to.equal(false);
    expect(fence.admit('placements', epochOf(1, 4), 'a'), 'of another kind').to.equal(true);
    expect(fence.newest('routes')).to.equal(epochOf(1, 5));
    expect(fence.newest('none')).to.equal(NO_EPOCH);
    expect(refused, 'one leader overtakes itself').to.deep.equal([]);
  });

  it('refuses every kind of a leader once another was followed, and says so', () => {
    fence.admit('routes', epochOf(2, 1), 'a');
    expect(fence.admit('placements', epochOf(1, 900), 'a')).to.equal(false);
    expect(refused).to.have.length(1);
    expect(refused[0])
      .to.include('former leader')
      .and.to.include(`${epochOf(1, 900)}`);
    expect(fence.admit('placements', epochOf(2, 0), 'a')).to.equal(true);
  });

  it('remembers what the disk does', () => {
    highest = epochOf(7, 3);
    expect(fence.admit('routes', epochOf(6, 9), 'a')).to.equal(false);
    expect(fence.admit('routes', epochOf(7, 1), 'a'), 'of the same leader').to.equal(true);
    expect(highest).to.equal(epochOf(7, 3));
  });

  it('follows the first of two leaders of one incarnation, until a higher one', () => {
    fence.admit('routes', epochOf(2, 1), 'a');
    expect(fence.admit('placements', epochOf(2, 7), 'b')).to.equal(false);
    expect(refused).to.deep.equal(['a second leader of incarnation 2 was refused: b, a is followed']);
    expect(fence.admit('placements', epochOf(2, 2), 'a')).to.equal(true);
    expect(fence.admit('placements', epochOf(3, 1), 'b')).to.equal(true);
    expect(fence.admit('routes', epochOf(3, 2), 'a')).to.equal(false);
  });

  it('takes whoever leads the highest incarnation when the disk does not say', () => {
    highest = epochOf(4, 4);
    expect(fence.admit('routes', epochOf(4, 5), 'b')).to.equal(true);
    expect(fence.admit('routes', epochOf(4, 6), 'a')).to.equal(false);
  });
});
