import type { Assignment } from '../../daemon/manager/assignment.js';
import { type Balancing, DEFAULT_BALANCING } from '../../daemon/manager/slicer/balancing.js';
import { indexAt, type ReplicaKeyLoad } from '../../daemon/manager/slicer/measured-slices.js';
import { nextAssignment } from '../../daemon/manager/slicer/next-assignment.js';
import { KeyLoadMeter } from '../../sdk/telemetry/key-load.js';
import type { KeyShares } from './key-shares.js';
import type { Traffic } from './traffic.js';

export interface Step {
  /** The most loaded replica's load over the mean, by what the calls are drawn from: without the chance in it. */
  readonly imbalance: number;
  /**
   * The same over what each replica could have at best: its hottest key's load when that alone is above its share, else the
   * mean of those of which that is not so.
   */
  readonly avoidable: number;
  /** Share of the key space that the step moved. */
  readonly churn: number;
  readonly slices: number;
}

const SPACE = 2 ** 32;
/** A proclet reports once a second. */
const REPORT_MS = 1000;

/** The meters of the replicas and the balancing of the manager, as they are, without anything between them. */
export class SlicerSimulation {
  readonly #meters: ReadonlyMap<string, KeyLoadMeter>;
  #assignment: Assignment;
  #now = 0;

  constructor(
    readonly replicas: readonly string[],
    private readonly random: () => number,
    private readonly balancing: Balancing = DEFAULT_BALANCING,
  ) {
    this.#meters = new Map(replicas.map((replica) => [replica, new KeyLoadMeter('Cart', 0, random)]));
    this.#assignment = nextAssignment(undefined, replicas, [], balancing);
  }

  /** One interval of so many calls, each of 1 ms; then the manager's step. */
  step(calls: number, { draw, keys }: Traffic): Step {
    const parts = Math.round(this.balancing.interval / REPORT_MS);
    let reports: readonly ReplicaKeyLoad[] = [];
    for (let part = 0; part < parts; part++) {
      for (let call = 0; call < calls / parts; call++) {
        const hash = draw(this.random);
        const owners = this.#ownersOf(hash);
        // Callers choose by the calls that are in flight, which is more even than chance.
        const owner = owners.length === 1 ? 0 : Math.floor(this.random() * owners.length);
        this.#meters.get(owners[owner] ?? '')?.count(hash, 1);
      }
      this.#now += REPORT_MS;
      reports = [...this.#meters].flatMap(([replica, meter]) => {
        const taken = meter.take(this.#now);
        return taken === undefined ? [] : [{ replica, keys: taken }];
      });
    }
    const before = this.#assignment;
    this.#assignment = nextAssignment(before, this.replicas, reports, this.balancing);
    return {
      ...this.#imbalance(keys),
      churn: movedShare(before, this.#assignment),
      slices: this.#assignment.starts.length,
    };
  }

  #ownersOf(hash: number): readonly string[] {
    return ownersOf(this.#assignment, indexAt(this.#assignment.starts, hash));
  }

  #imbalance(keys: KeyShares): Pick<Step, 'imbalance' | 'avoidable'> {
    const { starts } = this.#assignment;
    const loads = new Map(this.replicas.map((replica) => [replica, 0]));
    for (const [index, start] of starts.entries()) {
      const load = keys.within(start, starts[index + 1] ?? SPACE);
      const owners = ownersOf(this.#assignment, index);
      for (const owner of owners) loads.set(owner, (loads.get(owner) ?? 0) + load / owners.length);
    }
    const single = new Map<string, number>();
    for (const { hash, share } of keys.hottest) {
      const owners = this.#ownersOf(hash);
      for (const owner of owners) single.set(owner, Math.max(single.get(owner) ?? 0, share / owners.length));
    }
    const share = shareOfOthers([...single.values()], this.replicas.length);
    return {
      imbalance: Math.max(...loads.values()) * this.replicas.length,
      avoidable: Math.max(
        ...[...loads].map(([replica, load]) => load / Math.max(share, single.get(replica) ?? 0)),
      ),
    };
  }
}

function ownersOf({ owners, others }: Assignment, index: number): readonly string[] {
  return [owners[index] ?? '', ...(others?.[index] ?? [])];
}

/** What is left for each replica that is not filled by one key. */
function shareOfOthers(hottest: readonly number[], replicas: number): number {
  let [left, count] = [1, replicas];
  for (const load of [...hottest].sort((a, b) => b - a)) {
    if (count === 1 || load <= left / count) break;
    left -= load;
    count--;
  }
  return left / count;
}

/** Share of the space whose owners differ. */
function movedShare(before: Assignment, after: Assignment): number {
  const edges = [...new Set([...before.starts, ...after.starts])].sort((a, b) => a - b);
  let sum = 0;
  for (const [index, start] of edges.entries()) {
    const owners = ownersOf(before, indexAt(before.starts, start)).join();
    if (owners !== ownersOf(after, indexAt(after.starts, start)).join())
      sum += (edges[index + 1] ?? SPACE) - start;
  }
  return sum / SPACE;
}
