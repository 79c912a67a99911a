import type { KeyLoad } from '../protocol/control.js';
import { HeavyHitters } from './heavy-hitters.js';

/** Calls are counted in 2^14 buckets of the hash space; so many at most are told, each the wider the more there are. */
const BITS = 14;
const MAX_BUCKETS = 512;
const SKETCHED = 128;
const MAX_HOT_KEYS = 64;
/** A key with less of the load is none of the hot ones. */
const HOT_SHARE = 1 / 512;
/** So many calls between two reports are all looked at for hot keys, then one in {@link SAMPLE_EVERY}. */
const SAMPLED_AT_FIRST = 1024;
const SAMPLE_EVERY = 16;
/** What was served so long ago counts half. */
const HALF_LIFE_MS = 10_000;
/** Milliseconds of work a second below which there is nothing to tell. */
const NEGLIGIBLE = 1e-3;

/** How the load of one routed component lies over the hash space, as this replica serves it. */
export class KeyLoadMeter {
  readonly #loads = new Float64Array(2 ** BITS);
  readonly #hot = new HeavyHitters(SKETCHED);
  readonly #startedAt: number;
  #decayedAt: number;
  #calls = 0;
  #sampleAt = 1;

  /** `now` in ms, as in all its methods. */
  constructor(
    readonly component: string,
    now: number,
    private readonly random: () => number = Math.random,
  ) {
    this.#startedAt = now;
    this.#decayedAt = now;
  }

  /** A call for the hash, which takes so many ms. Costs an addition, and now and then a look-up. */
  count(hash: number, ms: number): void {
    const bucket = hash >>> (32 - BITS);
    this.#loads[bucket] = (this.#loads[bucket] ?? 0) + ms;
    if (++this.#calls < this.#sampleAt) return;
    const every = this.#calls <= SAMPLED_AT_FIRST ? 1 : SAMPLE_EVERY;
    this.#hot.add(hash, ms * every);
    // By chance, so that no rhythm of the callers hides a key.
    this.#sampleAt =
      this.#calls +
      (this.#calls < SAMPLED_AT_FIRST ? 1 : 1 + Math.floor(this.random() * (2 * SAMPLE_EVERY - 1)));
  }

  /** The load of late, the older the less; undefined when there is none. */
  take(now: number): KeyLoad | undefined {
    this.#calls = 0;
    this.#sampleAt = 1;
    const factor = 2 ** (-(now - this.#decayedAt) / HALF_LIFE_MS);
    this.#decayedAt = now;
    this.#hot.scale(factor);
    const loads = this.#loads;
    let total = 0;
    for (let bucket = 0; bucket < loads.length; bucket++)
      total += loads[bucket] = (loads[bucket] ?? 0) * factor;
    // A steady load has gathered so much of what it will be in the end.
    const gathered = 1 - 2 ** (-Math.max(1, now - this.#startedAt) / HALF_LIFE_MS);
    const perSecond = (1000 * Math.LN2) / HALF_LIFE_MS / gathered;
    if (total * perSecond < NEGLIGIBLE) return undefined;
    return this.#report(total, perSecond);
  }

  #report(total: number, perSecond: number): KeyLoad {
    const rest = this.#loads.slice();
    const hotKeys = this.#hot
      .above(total * HOT_SHARE)
      .slice(0, MAX_HOT_KEYS)
      .map(({ hash, weight }) => {
        const bucket = hash >>> (32 - BITS);
        const load = Math.min(weight, rest[bucket] ?? 0);
        rest[bucket] = (rest[bucket] ?? 0) - load;
        return { hash, load: rounded(load * perSecond) };
      });
    const { bits, loads } = narrowed(rest);
    // Loops: most of the buckets may be empty, and this comes every second.
    const buckets: number[] = [];
    const told: number[] = [];
    for (let bucket = 0; bucket < loads.length; bucket++) {
      const load = (loads[bucket] ?? 0) * perSecond;
      if (load < NEGLIGIBLE / 10) continue;
      buckets.push(bucket);
      told.push(rounded(load));
    }
    return { component: this.component, bits, buckets, loads: told, hotKeys };
  }
}

/** The meters of one process, by component. Bounded by the program. */
export class KeyLoadTable {
  readonly #meters = new Map<string, KeyLoadMeter>();

  meter(component: string, now: number): KeyLoadMeter {
    let meter = this.#meters.get(component);
    if (meter === undefined) {
      meter = new KeyLoadMeter(component, now);
      this.#meters.set(component, meter);
    }
    return meter;
  }

  take(now: number): readonly KeyLoad[] {
    return [...this.#meters.values()].flatMap((meter) => meter.take(now) ?? []);
  }
}

/** In buckets wide enough that no more than the bound are not empty. */
function narrowed(given: Float64Array): { readonly bits: number; readonly loads: Float64Array } {
  let loads = given;
  let bits = BITS;
  while (filled(loads) > MAX_BUCKETS) {
    const finer = loads;
    loads = new Float64Array(finer.length / 2);
    for (let bucket = 0; bucket < loads.length; bucket++)
      loads[bucket] = (finer[2 * bucket] ?? 0) + (finer[2 * bucket + 1] ?? 0);
    bits--;
  }
  return { bits, loads };
}

function filled(loads: Float64Array): number {
  let count = 0;
  for (let bucket = 0; bucket < loads.length; bucket++) if ((loads[bucket] ?? 0) > 0) count++;
  return count;
}

function rounded(load: number): number {
  return Number(load.toPrecision(3));
}
