import { expect } from 'chai';
import { readRun } from './run.js';
import { tablesOf, withTables } from './tables.js';

const line = {
  bench: 'local',
  case: 'call',
  system: 'weaverd',
  value: 8.8,
  unit: 'ns',
  rounds: 3,
  spread: 0.126,
};
const json = [line, { bench: 'local', ratios: { 'local.vs_direct': 1.3, 'local.overhead_ns': 26 } }]
  .map((each) => JSON.stringify(each))
  .join('\n');

describe('the tables of RESULTS.md', () => {
  it('judges ratios by their aims, those with aims first', () => {
    const newest = readRun(JSON.stringify({ bench: 'local', ratios: { 'local.overhead_ns': 12 } }));
    const table = tablesOf(readRun(json), newest).get('ratios')?.split('\n').slice(2);
    expect(table).to.deep.equal([
      '| `local.overhead_ns` | ≤ 25 | 26 | missed | 12 | met |',
      '| `local.vs_direct` | – | 1.3 |  | – |  |',
    ]);
  });

  it('replaces what stands between the marks and nothing else', () => {
    const document =
      'a\n<!-- measured: local -->\nold\n<!-- end -->\nb\n<!-- measured: ratios -->\n<!-- end -->\nc\n';
    const tables = tablesOf(readRun(json), readRun(''));
    const filled = withTables(document, tables);
    expect(filled).to.match(
      /^a\n<!-- measured: local -->\n\n\| case .*\n.*\n\| call \| weaverd \| 8.8 \| ns \| 13 % \| 3 \|\n\n<!-- end -->\nb\n/,
    );
    expect(filled).to.match(/<!-- end -->\nc\n$/);
    expect(withTables(filled, tables)).to.equal(filled);
  });

  it('says what has no place, and which line is no result', () => {
    expect(() => withTables('', tablesOf(readRun(json), readRun('')))).to.throw('no place for ratios');
    expect(() => readRun(`${json}\nrpc: refused`)).to.throw(
      'line 3 is no result of `bench --json`: rpc: refused',
    );
  });
});
