import { SlicerSimulation, type Step } from './slicer-simulation.js';
import type { Traffic, TrafficMaker } from './traffic.js';
import { seeded } from './zipf.js';

/** Calls of 1 ms for each replica in an interval of ten seconds: it is a fifth busy. */
export const CALLS = 2000;
/** A change of the traffic comes after so many steps; after half of them it should have been dealt with. */
const CHANGE_EVERY = 12;

export interface Pattern {
  readonly name: string;
  traffic(maker: TrafficMaker, change: number): Traffic;
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;

export const PATTERNS: readonly Pattern[] = [
  { name: 'Zipf', traffic: (maker) => maker.zipf() },
  // No key that was hot stays hot.
  { name: 'Zipf, other keys every 2 min', traffic: (maker, change) => maker.zipf(change * 10_000) },
  {
    name: 'hot spot, elsewhere every 2 min',
    traffic: (maker, change) => maker.hotSpot(((change + 0.5) * GOLDEN) % 1),
  },
];

/** The steps between two changes of the traffic, for each. */
export function loadOverTime(
  maker: TrafficMaker,
  pattern: Pattern,
  { replicas, changes, seed }: { readonly replicas: number; readonly changes: number; readonly seed: number },
): readonly (readonly Step[])[] {
  const names = Array.from({ length: replicas }, (_, index) => `Cart-${index}`);
  const simulation = new SlicerSimulation(names, seeded(seed));
  return Array.from({ length: changes }, (_, change) => {
    const traffic = pattern.traffic(maker, change);
    return Array.from({ length: CHANGE_EVERY }, () => simulation.step(CALLS * replicas, traffic));
  });
}

/** Of the second minute after each change. */
export function converged(periods: readonly (readonly Step[])[]): readonly Step[] {
  return periods.flatMap((steps) => steps.slice(steps.length / 2));
}
