/** One measured figure: the contract of `npm run bench -- <name> --json`. */
export interface ResultLine {
  readonly bench: string;
  readonly case: string;
  readonly system: string;
  /** Median over the rounds. */
  readonly value: number;
  readonly unit: string;
  readonly rounds: number;
  /** (maximum - minimum) / median. */
  readonly spread: number;
}

export interface BenchOptions {
  readonly json: boolean;
  /** Fewer and shorter rounds. */
  readonly quick: boolean;
}

/** A bench yields its lines as it measures them, and returns its ratios. */
export interface Bench {
  readonly name: string;
  readonly summary: string;
  /** Not part of `all`: it needs root, or minutes. */
  readonly isApart?: true;
  run(options: BenchOptions): AsyncGenerator<ResultLine, Readonly<Record<string, number>>>;
}

export function resultLine(
  where: { readonly bench: string; readonly case: string; readonly system: string; readonly unit: string },
  rounds: readonly number[],
): ResultLine {
  const value = median(rounds);
  const spread = value === 0 ? 0 : (Math.max(...rounds) - Math.min(...rounds)) / value;
  return { ...where, value: rounded(value), rounds: rounds.length, spread: rounded(spread) };
}

/** Of at least one value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? Number.NaN;
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** Four significant digits. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
