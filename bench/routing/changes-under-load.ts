import type { Assignment } from '../../daemon/manager/assignment.js';
import { CALLS } from './load-over-time.js';
import type { Change } from './membership-changes.js';
import { SlicerSimulation } from './slicer-simulation.js';
import type { Traffic } from './traffic.js';
import { seeded } from './zipf.js';

/** Within which what a change brings about has come to rest. */
const STEPS = 8;
const SPACE = 2 ** 32;

/** Of replicas with balanced load one more joins, and each time that has come to rest another leaves, and one dies. */
export function changesUnderLoad(traffic: Traffic, replicas: number): readonly Change[] {
  const names = Array.from({ length: replicas }, (_, index) => `Cart-${index}`);
  const simulation = new SlicerSimulation(names, seeded(1));
  const rest = (count: number) =>
    Array.from({ length: STEPS }, () => simulation.step(CALLS * count, traffic));
  rest(replicas);
  const changeTo = (kind: Change['kind'], before: readonly string[], members: readonly string[]): Change => {
    const shares = sharesOf(simulation.assignment);
    const gone = before.filter((name) => !members.includes(name));
    const atOnce = simulation.change(members, kind === 'die' ? new Set(gone) : undefined);
    const steps = rest(members.length);
    return {
      kind,
      members: members.length,
      // Keys that move twice count twice.
      moved: steps.reduce((sum, { churn }) => sum + churn, atOnce),
      minimum: minimum(shares, sharesOf(simulation.assignment)),
      equalMinimum: 1 / Math.max(before.length, members.length),
      evenness: steps.at(-1)?.imbalance ?? Number.NaN,
    };
  };
  const more = [...names, 'Cart-more'];
  const [, left = '', dead = ''] = names;
  const fewer = more.filter((name) => name !== left);
  return [
    changeTo('join', names, more),
    changeTo('leave', more, fewer),
    changeTo(
      'die',
      fewer,
      fewer.filter((name) => name !== dead),
    ),
  ];
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
