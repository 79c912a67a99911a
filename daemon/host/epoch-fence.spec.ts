import { expect } from 'chai';
import { type Epoch, epochOf, NO_EPOCH } from '../leader/epoch.js';
import { EpochFence } from './epoch-fence.js';

describe('epoch fence', () => {
  let highest: Epoch;
  let refused: Epoch[];
  let fence: EpochFence;
  beforeEach(() => {
    highest = NO_EPOCH;
    refused = [];
    const memory = {
      highestEpoch: () => highest,
      sawEpoch: (epoch: Epoch) => {
        if (epoch > highest) highest = epoch;
      },
    };
    fence = new EpochFence(memory, (epoch) => refused.push(epoch));
  });

  it('admits the newest of each kind, and the same again', () => {
    expect(fence.admit('routes', epochOf(1, 5))).to.equal(true);
    expect(fence.admit('routes', epochOf(1, 5))).to.equal(true);
    expect(fence.admit('routes', epochOf(1, 4))).to.equal(false);
    expect(fence.admit('placements', epochOf(1, 4)), 'of another kind').to.equal(true);
    expect(fence.newest('routes')).to.equal(epochOf(1, 5));
    expect(fence.newest('none')).to.equal(NO_EPOCH);
    expect(refused, 'one leader overtakes itself').to.deep.equal([]);
  });

  it('refuses every kind of a leader once another was followed, and says so', () => {
    fence.admit('routes', epochOf(2, 1));
    expect(fence.admit('placements', epochOf(1, 900))).to.equal(false);
    expect(refused).to.deep.equal([epochOf(1, 900)]);
    expect(fence.admit('placements', epochOf(2, 0))).to.equal(true);
  });

  it('remembers what the disk does', () => {
    highest = epochOf(7, 3);
    expect(fence.admit('routes', epochOf(6, 9))).to.equal(false);
    expect(fence.admit('routes', epochOf(7, 1)), 'of the same leader').to.equal(true);
    expect(highest).to.equal(epochOf(7, 3));
  });
});
