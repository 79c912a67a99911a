import { type Bench, median, type ResultLine, resultLine, rounded } from './report.js';
import { cacheRounds } from './routing/cache-rounds.js';
import { changesUnderLoad } from './routing/changes-under-load.js';
import { equalSlices } from './routing/equal-slices.js';
import { converged, loadOverTime, PATTERNS } from './routing/load-over-time.js';
import { type LookupRound, lookupRounds } from './routing/lookup.js';
import { type Change, membershipChanges } from './routing/membership-changes.js';
import { moleculerShard } from './routing/moleculer-shard.js';
import { rendezvous } from './routing/rendezvous.js';
import { slicer } from './routing/slicer-strategy.js';
import { type Traffic, TrafficMaker } from './routing/traffic.js';
import { virtualNodeRing } from './routing/virtual-node-ring.js';
import { seeded } from './routing/zipf.js';

const STRATEGIES = [slicer, virtualNodeRing, rendezvous, moleculerShard, equalSlices];
const [FEWEST, MOST] = [3, 100];
/** Places in the hash space, evenly; a multiple of the units in which shares are given. */
const PLACES = 2 ** 15;
const KEYS = 1_000_000;
const SLICES = 10_000;
const LOOKUPS = 2_000_000;
/** Max/mean of load up to which it counts as converged. */
const EVEN = 1.15;

type Ratios = Record<string, number>;

/** Where keys are, and where they go: simulated but for the lookup and the cache, which runs in processes. */
export const routing: Bench = {
  name: 'routing',
  summary: 'keys that move, evenness of load, the lookup of an owner, and what affinity does for a cache',
  async *run({ quick }) {
    const ratios: Ratios = {};
    for (const part of [membership, load, lookup, cache])
      for await (const line of part(quick, ratios)) yield line;
    return ratios;
  },
};

function line(named: string, system: string, unit: string, values: readonly number[]): ResultLine {
  return resultLine({ bench: 'routing', case: named, system, unit }, values);
}

function* membership(quick: boolean, ratios: Ratios): Generator<ResultLine> {
  const places = Array.from({ length: PLACES }, (_, index) => (index + 0.5) * (2 ** 32 / PLACES));
  const seeds = Array.from({ length: quick ? 1 : 3 }, (_, index) => index + 1);
  for (const strategy of STRATEGIES) {
    const rounds = seeds.map((seed) =>
      membershipChanges(strategy, places, { from: FEWEST, to: MOST, random: seeded(seed) }),
    );
    for (const kind of ['join', 'leave'] as const) {
      const over = (figure: (change: Change) => number, of: (values: readonly number[]) => number) =>
        rounds.map((changes) => of(changes.filter((change) => change.kind === kind).map(figure)));
      const at = (what: string) => `${FEWEST} to ${MOST} replicas, ${kind}, ${what}`;
      const versus = ({ moved, minimum }: Change) => moved / minimum;
      yield line(
        at('keys moved'),
        strategy.name,
        'share',
        over(({ moved }) => moved, mean),
      );
      yield line(at('moved over minimum, mean'), strategy.name, 'ratio', over(versus, mean));
      yield line(at('moved over minimum, most'), strategy.name, 'ratio', over(versus, most));
      yield line(
        at('moved over equal shares’ minimum'),
        strategy.name,
        'ratio',
        over(({ moved, equalMinimum }) => moved / equalMinimum, mean),
      );
      yield line(
        at('largest share over mean, most'),
        strategy.name,
        'ratio',
        over(({ evenness }) => evenness, most),
      );
    }
    if (strategy === slicer)
      ratios['routing.moved_vs_minimum'] = rounded(
        most(rounds.flat().map(({ moved, minimum }) => moved / minimum)),
      );
  }
}

function* load(quick: boolean, ratios: Ratios): Generator<ResultLine> {
  const maker = new TrafficMaker(KEYS);
  yield* membershipUnderLoad(maker.zipf(), quick, ratios);
  const changes = quick ? 3 : 6;
  const after: number[] = [];
  const churned: number[] = [];
  for (const replicas of quick ? [8, 50] : [4, 8, 16, 50]) {
    for (const pattern of PATTERNS) {
      const periods = loadOverTime(maker, pattern, { replicas, changes, seed: 1 });
      const all = periods.flat();
      const later = converged(periods);
      const put = (what: string, unit: string, values: readonly number[]) =>
        line(`${replicas} replicas, ${pattern.name}: ${what}`, 'weaverd', unit, values);
      const settled = later.map(({ imbalance }) => imbalance);
      yield put('max/mean, second minutes', 'ratio', settled);
      yield put('max/mean, most in second minutes', 'ratio', [most(settled)]);
      yield put('max/mean, mean over time', 'ratio', [mean(all.map(({ imbalance }) => imbalance))]);
      yield put('steps to converge', 'steps', periods.map(stepsToConverge));
      yield put('churn of a step, mean', 'share', [mean(all.map(({ churn }) => churn))]);
      yield put('churn of a step, most', 'share', [most(all.map(({ churn }) => churn))]);
      after.push(most(settled));
      churned.push(most(all.map(({ churn }) => churn)));
    }
  }
  ratios['routing.imbalance'] = rounded(most(after));
  ratios['routing.churn_per_step'] = rounded(most(churned));
}

function* membershipUnderLoad(traffic: Traffic, quick: boolean, ratios: Ratios): Generator<ResultLine> {
  const found = (quick ? [8, 50] : [4, 8, 16, 50]).flatMap((replicas) => changesUnderLoad(traffic, replicas));
  for (const { kind, members, moved, minimum, equalMinimum, evenness } of found) {
    const put = (what: string, unit: string, value: number) =>
      line(`Zipf, ${kind}, then ${members} replicas: ${what}`, 'weaverd', unit, [value]);
    yield put('keys moved', 'share', moved);
    yield put('moved over minimum', 'ratio', moved / minimum);
    yield put('moved over equal shares’ minimum', 'ratio', moved / equalMinimum);
    yield put('max/mean of load', 'ratio', evenness);
  }
  ratios['routing.loaded_moved_vs_equal_shares'] = rounded(
    most(found.map(({ moved, equalMinimum }) => moved / equalMinimum)),
  );
}

/** From a change of the traffic until the busiest replica is where the aim has it. */
function stepsToConverge(steps: readonly { readonly imbalance: number }[]): number {
  return steps.findLastIndex(({ imbalance }) => imbalance > EVEN) + 1;
}

function* lookup(quick: boolean, ratios: Ratios): Generator<ResultLine> {
  const rounds = lookupRounds(SLICES, quick ? 7 : 15, LOOKUPS, seeded(1));
  const put = (what: string, figure: (round: LookupRound) => number) =>
    line(`${SLICES} slices, ${what}`, 'weaverd', 'ns', rounds.map(figure));
  yield put('hash of a key of 12 characters', ({ hash }) => hash);
  yield put('owner of a hash', ({ table }) => table);
  yield put('owner of a key', ({ both }) => both);
  ratios['routing.lookup_ns'] = rounded(median(rounds.map(({ both }) => both)));
}

async function* cache(quick: boolean, ratios: Ratios): AsyncGenerator<ResultLine> {
  const rounds = await cacheRounds(quick);
  const figures = { 'hit rate': 'hitRate', mean: 'mean', p50: 'p50', p99: 'p99' } as const;
  for (const [what, figure] of Object.entries(figures) as [string, (typeof figures)[keyof typeof figures]][])
    for (const system of ['routed', 'unrouted'] as const)
      yield line(
        `cache on 4 replicas, ${what}`,
        system,
        figure === 'hitRate' ? 'share' : 'ms',
        rounds.map((round) => round[system][figure]),
      );
  ratios['routing.hit_gain'] = rounded(
    median(rounds.map(({ routed, unrouted }) => routed.hitRate / unrouted.hitRate)),
  );
  ratios['routing.miss_gain'] = rounded(
    median(rounds.map(({ routed, unrouted }) => (1 - unrouted.hitRate) / (1 - routed.hitRate))),
  );
  ratios['routing.mean_latency_gain'] = rounded(
    median(rounds.map(({ routed, unrouted }) => unrouted.mean / routed.mean)),
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function most(values: readonly number[]): number {
  return Math.max(...values);
}
