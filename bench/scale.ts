import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { HEARTBEAT_MS } from '../daemon/host/host-messages.js';
import { type Plan, plan } from '../daemon/manager/plan.js';
import { BLANK_MEMORY } from '../daemon/manager/plan-memory.js';
import { TICK_MS } from '../daemon/manager/reconciler.js';
import { type Bench, median, type ResultLine, resultLine, rounded } from './report.js';
import { type Convergence, convergeAfterDeaths } from './scale/convergence.js';
import { SimulatedFleet } from './scale/simulated-fleet.js';

const SIZES = [100, 1000, 10_000] as const;
const DEATHS = 0.1;

interface Measured {
  /** Of plan() in each state, ms. */
  readonly initial: readonly number[];
  readonly steady: readonly number[];
  readonly deaths: readonly number[];
  readonly heapMiB: number;
  readonly convergence: Convergence;
  /** Of all replicas: on another host though theirs lives. */
  readonly needlessMoves: number;
}

/** The leader's pure part at fleets of simulated hosts: no processes and no bus; time is the plan's own and virtual. */
export const scale: Bench = {
  name: 'scale',
  summary: 'plan() for 100, 1,000 and 10,000 simulated hosts of 20 replicas; 10 % of them die',
  async *run({ quick }) {
    const measured = new Map<number, Measured>();
    for (const hosts of SIZES) {
      const found = measure(hosts, quick ? 5 : 15);
      measured.set(hosts, found);
      yield* linesOf(hosts, found);
    }
    const slowest = (hosts: number) => {
      const found = measured.get(hosts);
      return found === undefined ? Number.NaN : Math.max(...plans(found).map(([, times]) => median(times)));
    };
    const growth = (of: (found: Measured) => readonly number[]) => {
      const [small, large] = [measured.get(1000), measured.get(10_000)];
      return small === undefined || large === undefined
        ? Number.NaN
        : rounded(median(of(large)) / median(of(small)));
    };
    return {
      'scale.plan_10k_vs_1k': Math.max(
        growth(({ initial }) => initial),
        growth(({ steady }) => steady),
        growth(({ deaths }) => deaths),
      ),
      'scale.plan_10k_ms': rounded(slowest(10_000)),
      'scale.needless_moves': Math.max(...[...measured.values()].map(({ needlessMoves }) => needlessMoves)),
    };
  },
};

function measure(hosts: number, rounds: number): Measured {
  const fleet = new SimulatedFleet(hosts);
  const empty = fleet.observe();
  const first = repeat(rounds, () => plan(fleet.records, empty, 1, BLANK_MEMORY));
  const { memory } = first.result;
  fleet.apply(first.result, 'serving');
  const running = fleet.observe();
  const steady = repeat(rounds, () => plan(fleet.records, running, 1, memory));
  collectGarbage();
  const heapMiB = process.memoryUsage().heapUsed / 1024 ** 2;

  const before = placesOf(steady.result);
  fleet.join(Math.round(hosts * DEATHS));
  const joined = plan(fleet.records, fleet.observe(), 1, memory);
  const movedByJoin = moved(before, placesOf(joined), new Set());

  const victims = new Set(fleet.names.filter((_, index) => index % (1 / DEATHS) === 3));
  fleet.setStatus(victims, 'dead');
  const after = fleet.observe();
  const deaths = repeat(rounds, () => plan(fleet.records, after, 1, memory));
  const movedByDeath = moved(before, placesOf(deaths.result), victims);
  fleet.setStatus(victims, 'alive');
  return {
    initial: first.times,
    steady: steady.times,
    deaths: deaths.times,
    heapMiB,
    convergence: convergeAfterDeaths(fleet, joined.memory, victims),
    needlessMoves: (movedByJoin + movedByDeath) / fleet.replicas,
  };
}

function* linesOf(hosts: number, found: Measured): Generator<ResultLine> {
  const line = (what: string, unit: string, values: readonly number[]) =>
    resultLine({ bench: 'scale', case: `${hosts} hosts, ${what}`, system: 'weaverd', unit }, values);
  for (const [what, times] of plans(found)) yield line(`plan, ${what}`, 'ms', times);
  // It plans at least once a tick; reports of the bus are read by another part of the leader.
  const planning = found.steady.map((ms) => (ms / TICK_MS) * 100);
  yield line('leader, planning at rest', '% CPU', planning);
  yield line('leader, heap', 'MiB', [found.heapMiB]);
  yield line('messages at rest', '/s', [(hosts * 1000) / HEARTBEAT_MS]);
  const { convergence } = found;
  yield line('10 % die, until all serve, virtual', 'ms', [convergence.ms]);
  yield line('10 % die, messages until then', '/s', [convergence.messagesPerSecond]);
  yield line('moved without need', 'share', [found.needlessMoves]);
}

function plans({ initial, steady, deaths }: Measured): readonly (readonly [string, readonly number[]])[] {
  return [
    ['nothing placed', initial],
    ['all placed', steady],
    ['10 % dead', deaths],
  ];
}

/** Once unmeasured, to warm up. */
function repeat(
  rounds: number,
  run: () => Plan,
): { readonly times: readonly number[]; readonly result: Plan } {
  let result = run();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    result = run();
    times.push(performance.now() - start);
  }
  return { times, result };
}

/** The hosts of all replicas, in a fixed order. */
function placesOf({ memory }: Plan): readonly (string | undefined)[] {
  return [...memory.places.values()].flat();
}

function moved(
  before: readonly (string | undefined)[],
  after: readonly (string | undefined)[],
  lost: ReadonlySet<string>,
): number {
  return before.filter((host, index) => host !== undefined && !lost.has(host) && host !== after[index])
    .length;
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
}
