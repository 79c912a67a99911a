import type { Assignment } from '../../daemon/manager/assignment.js';
import { CALLS } from './load-over-time.js';
import type { Change } from './membership-changes.js';
import { SlicerSimulation } from './slicer-simulation.js';
import type { Traffic } from './traffic.js';
import { seeded } from './zipf.js';

/** Within which what a change brings about has come to rest. */
const STEPS = 8;
const SPACE = 2 ** 32;

/** Of replicas with balanced load one more joins, and when that has come to rest another leaves. */
export function changesUnderLoad(traffic: Traffic, replicas: number): readonly Change[] {
  const names = Array.from({ length: replicas }, (_, index) => `Cart-${index}`);
  const simulation = new SlicerSimulation(names, seeded(1));
  const rest = (count: number) =>
    Array.from({ length: STEPS }, () => simulation.step(CALLS * count, traffic));
  rest(replicas);
  const changeTo = (kind: Change['kind'], members: readonly string[], most: number): Change => {
    const before = sharesOf(simulation.assignment);
    // Keys that move twice count twice.
    let moved = simulation.change(members);
    const steps = rest(members.length);
    for (const { churn } of steps) moved += churn;
    return {
      kind,
      members: members.length,
      moved,
      minimum: minimum(before, sharesOf(simulation.assignment)),
      equalMinimum: 1 / most,
      evenness: steps.at(-1)?.imbalance ?? Number.NaN,
    };
  };
  const more = [...names, 'Cart-more'];
  const join = changeTo('join', more, more.length);
  const left = more.filter((name) => name !== `Cart-${replicas >> 1}`);
  return [join, changeTo('leave', left, more.length)];
}

function sharesOf({ starts, owners }: Assignment): ReadonlyMap<string, number> {
  const shares = new Map<string, number>();
  for (const [index, owner] of owners.entries()) {
    const length = (starts[index + 1] ?? SPACE) - (starts[index] ?? 0);
    shares.set(owner, (shares.get(owner) ?? 0) + length / SPACE);
  }
  return shares;
}

/** What those have got that have more afterwards. */
function minimum(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [owner, share] of after) sum += Math.max(0, share - (before.get(owner) ?? 0));
  return sum;
}
