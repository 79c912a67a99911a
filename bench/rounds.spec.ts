import { expect } from 'chai';
import type { Load, LoadReport, LoadTarget } from './load.js';
import { inRounds, lines, ratio } from './rounds.js';

const LOAD: Load = { kind: 'closed', operation: 'echo-30', inFlight: 1, warmUpMs: 0, measuredMs: 1 };

function report(completed: number): LoadReport {
  return { seconds: 1, completed, bytes: 0, failures: {}, p50Us: 0, p99Us: 0, cpuSeconds: 0 };
}

describe('bench rounds', () => {
  it('run the targets in turn, each round from another one on, and keep their reports apart', async () => {
    const order: string[] = [];
    const target = (name: string, completed: number): LoadTarget => ({
      name,
      async run() {
        order.push(name);
        return report(completed + order.length);
      },
    });
    const measured = await inRounds([target('a', 100), target('b', 200), target('c', 300)], LOAD, 3);
    expect(order.join('')).to.equal('abcbcacab');
    expect(
      measured.map(({ system, reports }) => [system, ...reports.map(({ completed }) => completed)]),
    ).to.deep.equal([
      ['a', 101, 106, 108],
      ['b', 202, 204, 209],
      ['c', 303, 305, 307],
    ]);
  });

  it('compare within a round: a slow moment that hits both sides changes no ratio', () => {
    const ours = { system: 'ours', reports: [report(200), report(20), report(210)] };
    const theirs = { system: 'theirs', reports: [report(100), report(10), report(100)] };
    expect(ratio(ours, theirs, ({ completed }) => completed)).to.equal(2);
  });

  it('have no ratio to a system that was not measured', () => {
    const ours = { system: 'ours', reports: [report(200)] };
    expect(ratio(ours, undefined, ({ completed }) => completed)).to.be.NaN;
  });

  it('give a line for each system', () => {
    const measured = [
      { system: 'a', reports: [report(3), report(1), report(2)] },
      { system: 'b', reports: [report(5)] },
    ];
    const given = lines('bench', 'case', 'calls/s', measured, ({ completed }) => completed);
    expect(given.map(({ system, value, rounds }) => [system, value, rounds])).to.deep.equal([
      ['a', 2, 3],
      ['b', 5, 1],
    ]);
  });
});
