import type { Load, LoadReport, LoadTarget } from './load.js';
import { median, type ResultLine, resultLine, rounded } from './report.js';

/** One target's reports of one load, a round each. */
export interface Measured {
  readonly system: string;
  readonly reports: readonly LoadReport[];
}

export type Figure = (report: LoadReport) => number;

/** Runs the load on each target in turn, round by round; each round begins with another target. */
export async function inRounds(
  targets: readonly LoadTarget[],
  load: Load,
  rounds: number,
): Promise<readonly Measured[]> {
  const measured = targets.map(({ name }) => ({ system: name, reports: [] as LoadReport[] }));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < targets.length; turn++) {
      const at = (round + turn) % targets.length;
      const report = await targets[at]?.run(load);
      if (report !== undefined) measured[at]?.reports.push(report);
    }
  }
  return measured;
}

/** Ours over theirs: the median over the rounds, whose halves ran one soon after the other. */
export function ratio(ours: Measured | undefined, theirs: Measured | undefined, figure: Figure): number {
  const perRound = (ours?.reports ?? []).map((report, round) => {
    const other = theirs?.reports[round];
    return other === undefined ? Number.NaN : figure(report) / figure(other);
  });
  return rounded(median(perRound));
}

/** One line for each system. */
export function lines(
  bench: string,
  named: string,
  unit: string,
  measured: readonly Measured[],
  figure: Figure,
): readonly ResultLine[] {
  return measured.map(({ system, reports }) =>
    resultLine({ bench, case: named, system, unit }, reports.map(figure)),
  );
}
