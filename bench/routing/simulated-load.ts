import type { Assignment } from '../../daemon/manager/assignment.js';
import { type Balancing, DEFAULT_BALANCING } from '../../daemon/manager/slicer/balancing.js';
import { indexAt } from '../../daemon/manager/slicer/measured-slices.js';
import { nextAssignment } from '../../daemon/manager/slicer/next-assignment.js';
import { KeyLoadMeter } from '../../sdk/telemetry/key-load.js';

/** Of what is served in one interval, by its key's hash and how much of the load the key has. */
export type KeyShare = { readonly hash: number; readonly share: number };

export interface StepResult {
  /** The most loaded replica's true load over the mean, after the step. */
  readonly imbalance: number;
  /** Share of the key space that the step moved. */
  readonly churn: number;
  readonly slices: number;
}

const SPACE = 2 ** 32;

/** The meters of the replicas and the balancing of the manager, without anything between them. */
export class SimulatedLoad {
  readonly #meters: ReadonlyMap<string, KeyLoadMeter>;
  #assignment: Assignment;
  #now = 0;

  constructor(
    readonly replicas: readonly string[],
    private readonly random: () => number,
    private readonly balancing: Balancing = DEFAULT_BALANCING,
  ) {
    this.#meters = new Map(replicas.map((replica) => [replica, new KeyLoadMeter('Bench', 0, random)]));
    this.#assignment = nextAssignment(undefined, replicas, [], balancing);
  }

  get assignment(): Assignment {
    return this.#assignment;
  }

  ownerOf(hash: number): string {
    const { starts, owners } = this.#assignment;
    return owners[indexAt(starts, hash)] ?? '';
  }

  /** One interval: so many calls, each of 1 ms and for the hash that `draw` gives; then the manager's step. */
  step(calls: number, draw: (random: number) => number, keys: readonly KeyShare[]): StepResult {
    const { interval } = this.balancing;
    // A replica reports, and forgets, ten times an interval.
    let reports: { replica: string; keys: NonNullable<ReturnType<KeyLoadMeter['take']>> }[] = [];
    for (let part = 0; part < 10; part++) {
      for (let call = 0; call < calls / 10; call++) {
        const hash = draw(this.random());
        this.#meters.get(this.ownerOf(hash))?.count(hash, 1);
      }
      this.#now += interval / 10;
      reports = [...this.#meters].flatMap(([replica, meter]) => {
        const taken = meter.take(this.#now);
        return taken === undefined ? [] : [{ replica, keys: taken }];
      });
    }
    const before = this.#assignment;
    this.#assignment = nextAssignment(before, this.replicas, reports, this.balancing);
    return {
      imbalance: this.imbalance(keys),
      churn: movedShare(before, this.#assignment),
      slices: this.#assignment.starts.length,
    };
  }

  imbalance(keys: readonly KeyShare[]): number {
    const loads = new Map(this.replicas.map((replica) => [replica, 0]));
    for (const { hash, share } of keys) {
      const owner = this.ownerOf(hash);
      loads.set(owner, (loads.get(owner) ?? 0) + share);
    }
    const all = [...loads.values()];
    return (Math.max(...all) * all.length) / all.reduce((sum, load) => sum + load, 0);
  }
}

/** Share of the space whose owner differs. */
export function movedShare(before: Assignment, after: Assignment): number {
  const edges = [...new Set([...before.starts, ...after.starts])].sort((a, b) => a - b);
  let sum = 0;
  for (const [index, start] of edges.entries()) {
    const owner = before.owners[indexAt(before.starts, start)];
    if (owner !== after.owners[indexAt(after.starts, start)]) sum += (edges[index + 1] ?? SPACE) - start;
  }
  return sum / SPACE;
}
