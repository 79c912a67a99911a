import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { failuresByCode, ghosts, invented, longestSilence, readHistory, repeated } from './history.js';

describe('history of probe calls', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wh-'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function historyOf(calls: readonly string[], executed: readonly string[], from = 0) {
    await writeFile(join(folder, 'caller 10.0.0.1 7'), calls.map((line) => `${line}\n`).join(''));
    await writeFile(join(folder, 'target 10.0.0.2 8'), executed.map((line) => `${line}\n`).join(''));
    return readHistory(folder, from);
  }

  it('finds nothing wrong in calls that did what was reported', async () => {
    const history = await historyOf(
      [
        'a safe 1 2 ok yes',
        'b unsafe 2 3 ok yes',
        'c unsafe 3 4 UNAVAILABLE no',
        'd unsafe 4 5 UNKNOWN_OUTCOME unknown',
      ],
      ['a', 'a', 'b', 'd'],
    );
    expect([ghosts(history), repeated(history), invented(history)]).to.deep.equal([[], [], []]);
    expect(failuresByCode(history.calls)).to.deep.equal({ UNAVAILABLE: 1, UNKNOWN_OUTCOME: 1 });
    expect(history.calls[0]?.from).to.equal('10.0.0.1');
  });

  it('finds what was executed though reported as not, executed twice, and not executed', async () => {
    const history = await historyOf(
      ['a unsafe 1 2 UNAVAILABLE no', 'b unsafe 2 3 ok yes', 'c safe 3 4 ok yes'],
      ['a', 'b', 'b'],
    );
    expect([ghosts(history), repeated(history), invented(history)]).to.deep.equal([['a'], ['b'], ['c']]);
  });

  it('leaves out earlier calls, and the line in which a process was killed', async () => {
    await writeFile(join(folder, 'caller 10.0.0.3 9'), 'e safe 6 7 ok yes\nf safe 7');
    const history = await historyOf(['a safe 1 4 ok yes'], ['a', 'e'], 5);
    expect(history.calls.map(({ id }) => id)).to.deep.equal(['e']);
  });

  it('knows the longest time without a success', async () => {
    const { calls } = await historyOf(
      ['a safe 1 10 ok yes', 'b safe 1 50 UNAVAILABLE no', 'c safe 1 70 ok yes'],
      [],
    );
    expect(longestSilence(calls, 0, 100)).to.equal(60);
    expect(longestSilence(calls, 0, 200)).to.equal(130);
  });
});
