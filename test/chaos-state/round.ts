import { setTimeout } from 'node:timers/promises';
import { Random } from '../simulation/random.js';
import { eventually } from '../support/eventually.js';
import type { LedgerHistory } from './ledger-history.js';
import { LedgerLoad } from './ledger-load.js';
import { type RoundReport, reportOf } from './report.js';

/** One thing that goes wrong in a world, or is done to it. */
export interface Fault<World> {
  readonly name: string;
  /** Resolves when it is over. */
  readonly inject: (world: World, random: Random) => Promise<void>;
}

/** Where a ledger runs. */
export interface World {
  /** Of its listener, as clients reach it. */
  readonly urls: readonly string[];
}

export interface Round<W extends World> {
  readonly name: string;
  readonly world: W;
  readonly faults: readonly Fault<W>[];
  /** How many faults happen. Each happens once, in an order drawn by the seed, then all again. */
  readonly times: number;
  readonly seed: number;
  readonly clients?: number;
}

const CLIENTS = 8;
/** Of undisturbed work, before the first fault. */
const STEADY_MS = 1500;
const GAP_MS = 1500;
/** In which each key is served again, once a fault is over. */
const RECOVERY_MS = 60_000;

/** Clients at work, and one fault after the other; then what they saw is checked. */
export async function runRound<W extends World>(round: Round<W>): Promise<RoundReport> {
  const { name, world, seed, clients = CLIENTS } = round;
  const random = new Random(seed);
  const load = new LedgerLoad({ urls: world.urls, clients, seed: random.fork('load').whole(0, 2 ** 31) });
  const injected: string[] = [];
  let history: LedgerHistory;
  try {
    await setTimeout(STEADY_MS);
    for (const fault of scheduleOf(round, random)) {
      injected.push(fault.name);
      await fault.inject(world, random);
      await served(load, `after "${injected.join(', ')}" (seed ${seed})`);
      await setTimeout(random.between(0, GAP_MS));
    }
  } finally {
    history = await load.stop();
  }
  return reportOf({ round: name, seed, faults: injected }, history);
}

function scheduleOf<W extends World>({ faults, times }: Round<W>, random: Random): readonly Fault<W>[] {
  const schedule: Fault<W>[] = [];
  while (schedule.length < times) schedule.push(...random.shuffled(faults));
  return schedule.slice(0, times);
}

/** CONVERGE: something that began from now on succeeds for each key. */
async function served(load: LedgerLoad, when: string): Promise<void> {
  const since = performance.now();
  await eventually(
    `every key is served ${when}`,
    () => {
      const unserved = load.unservedSince(since);
      if (unserved.length > 0) throw new Error(`not served: ${unserved.join(', ')}`);
      return true;
    },
    RECOVERY_MS,
  );
}
