export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Slope {
  readonly perX: number;
  /** Half the width of its 95 % confidence interval, if the distances from the line are independent; infinite for fewer than five points. */
  readonly error: number;
}

/** Of the line with the least sum of squared distances in y; 0 for points that have one x. */
export function slope(points: readonly Point[]): Slope {
  const mean = (of: (point: Point) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const meanX = mean(({ x }) => x);
  const meanY = mean(({ y }) => y);
  let products = 0;
  let squares = 0;
  for (const { x, y } of points) {
    products += (x - meanX) * (y - meanY);
    squares += (x - meanX) ** 2;
  }
  if (squares === 0) return { perX: 0, error: Number.POSITIVE_INFINITY };
  const perX = products / squares;
  const left = points.reduce((sum, { x, y }) => sum + (y - meanY - perX * (x - meanX)) ** 2, 0);
  const freedom = points.length - 2;
  const error = freedom < 3 ? Number.POSITIVE_INFINITY : t95(freedom) * Math.sqrt(left / freedom / squares);
  return { perX, error };
}

/** The two-sided 95 % quantile of Student's t, by Abramowitz and Stegun 26.7.5; within 1 % from 3 degrees of freedom on. */
function t95(freedom: number): number {
  return 1.96 + 2.372 / freedom + 2.823 / freedom ** 2 + 2.556 / freedom ** 3;
}
