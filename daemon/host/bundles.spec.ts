import { expect } from 'chai';
import { FakeClock } from '../processes/spec-support/fake-clock.js';
import { Bundles } from './bundles.js';

describe('bundles of a host', () => {
  let clock: FakeClock;
  let fetched: string[];
  let missing: Set<string>;
  let changes: number;
  let bundles: Bundles;
  beforeEach(() => {
    clock = new FakeClock();
    fetched = [];
    missing = new Set();
    changes = 0;
    bundles = new Bundles({
      fetch: async (version) => {
        fetched.push(version);
        if (missing.has(version)) throw new Error(`no ${version} anywhere`);
      },
      clock,
      random: () => 0.5,
      onChange: () => changes++,
    });
  });
  afterEach(() => bundles.close());

  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it('are here once they were fetched, each once', async () => {
    bundles.want(new Set(['v1']));
    expect(bundles.isHere('v1')).to.equal(false);
    expect(bundles.isFetching).to.equal(true);
    await settled();
    expect(bundles.isHere('v1')).to.equal(true);
    bundles.want(new Set(['v1', 'v2']));
    await settled();
    expect(fetched).to.deep.equal(['v1', 'v2']);
    expect(changes).to.equal(2);
  });

  it('are a problem with its reason while they cannot be had, and are tried again', async () => {
    missing.add('v1');
    bundles.want(new Set(['v1']));
    await settled();
    expect(bundles.problems()).to.deep.equal(['the artifact v1 is not here yet: no v1 anywhere']);
    expect(bundles.isFetching).to.equal(false);
    missing.clear();
    await clock.pass(10_000);
    await settled();
    expect(bundles.isHere('v1')).to.equal(true);
    expect(bundles.problems()).to.deep.equal([]);
  });

  it('are forgotten when nothing wants them, also while they are fetched or waited for', async () => {
    missing.add('v1');
    bundles.want(new Set(['v1']));
    bundles.want(new Set());
    await settled();
    bundles.want(new Set(['v1']));
    await settled();
    bundles.want(new Set());
    await clock.pass(10_000);
    await settled();
    expect(fetched).to.deep.equal(['v1', 'v1']);
    expect(bundles.problems()).to.deep.equal([]);
  });
});
