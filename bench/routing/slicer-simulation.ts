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
  /** Share of the key space that the step moved. */
  readonly churn: number;
  readonly slices: number;
}

const SPACE = 2 ** 32;
/** A proclet reports once a second. */
const REPORT_MS = 1000;

/** The meters of the replicas and the balancing of the manager, as they are, without anything between them. */
export class SlicerSimulation {
  readonly #meters = new Map<string, KeyLoadMeter>();
  #replicas: readonly string[];
  #assignment: Assignment;
  #now = 0;

  constructor(
    replicas: readonly string[],
    private readonly random: () => number,
    private readonly balancing: Balancing = DEFAULT_BALANCING,
  ) {
    this.#replicas = replicas;
    this.#assignment = nextAssignment(undefined, replicas, [], balancing);
  }

  get assignment(): Assignment {
    return this.#assignment;
  }

  /** Others serve from now on. Those that leave report till then; that of the dead is lost. The share of the space that moves at once. */
  change(replicas: readonly string[], dead: ReadonlySet<string> = new Set()): number {
    this.#replicas = replicas;
    const before = this.#assignment;
    for (const replica of dead) this.#meters.delete(replica);
    this.#assignment = nextAssignment(before, replicas, this.#reports(), this.balancing);
    for (const replica of this.#meters.keys()) if (!replicas.includes(replica)) this.#meters.delete(replica);
    return movedShare(before, this.#assignment);
  }

  /** One interval of so many calls, each of 1 ms; then the manager's step. */
  step(calls: number, { draw, keys }: Traffic): Step {
    const parts = Math.round(this.balancing.interval / REPORT_MS);
    let reports = this.#reports();
    for (let part = 0; part < parts; part++) {
      for (let call = 0; call < calls / parts; call++) {
        const hash = draw(this.random);
        const owners = this.#ownersOf(hash);
        // Callers choose by the calls that are in flight, which is more even than chance.
        const owner = owners.length === 1 ? 0 : Math.floor(this.random() * owners.length);
        this.#meter(owners[owner] ?? '').count(hash, 1);
      }
      this.#now += REPORT_MS;
      reports = this.#reports();
    }
    const before = this.#assignment;
    this.#assignment = nextAssignment(before, this.#replicas, reports, this.balancing);
    return {
      imbalance: this.#imbalance(keys),
      churn: movedShare(before, this.#assignment),
      slices: this.#assignment.starts.length,
    };
  }

  #meter(replica: string): KeyLoadMeter {
    let meter = this.#meters.get(replica);
    if (meter === undefined) {
      meter = new KeyLoadMeter('Cart', this.#now, this.random);
      this.#meters.set(replica, meter);
    }
    return meter;
  }

  #reports(): readonly ReplicaKeyLoad[] {
    return [...this.#meters].flatMap(([replica, meter]) => {
      const taken = meter.take(this.#now);
      return taken === undefined ? [] : [{ replica, keys: taken }];
    });
  }

  #ownersOf(hash: number): readonly string[] {
    return ownersOf(this.#assignment, indexAt(this.#assignment.starts, hash));
  }

  #imbalance(keys: KeyShares): number {
    const { starts } = this.#assignment;
    const loads = new Map(this.#replicas.map((replica) => [replica, 0]));
    for (const [index, start] of starts.entries()) {
      const load = keys.within(start, starts[index + 1] ?? SPACE);
      const owners = ownersOf(this.#assignment, index);
      for (const owner of owners) loads.set(owner, (loads.get(owner) ?? 0) + load / owners.length);
    }
    return Math.max(...loads.values()) * this.#replicas.length;
  }
}

function ownersOf({ owners, others }: Assignment, index: number): readonly string[] {
  return [owners[index] ?? '', ...(others?.[index] ?? [])];
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
