import { setTimeout } from 'node:timers/promises';
import { monotonicNow } from '../cluster/support/history.js';
import { Random } from '../simulation/random.js';
import { eventually } from '../support/eventually.js';
import type { ClientLoad, ClientLoadOptions } from './client-load.js';
import type { LedgerHistory } from './ledger-history.js';
import { type RoundReport, reportOf } from './report.js';

/** One thing that goes wrong in a world, or is done to it. */
export interface Fault<World> {
  readonly name: string;
  /** Resolves when it is over. */
  readonly inject: (world: World, random: Random) => Promise<void>;
}

/** Where a ledger runs. */
export interface World {
  /** Clients that go to work at once. */
  startLoad(options: Pick<ClientLoadOptions, 'clients' | 'seed'>): ClientLoad;
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
  const load = world.startLoad({ clients, seed: random.fork('load').whole(0, 2 ** 31) });
  const injected: string[] = [];
  const history = await whileLoaded(load, async () => {
    await served(load, 'at first');
    await setTimeout(STEADY_MS);
    for (const fault of scheduleOf(round, random)) {
      injected.push(fault.name);
      await fault.inject(world, random);
      await served(load, `after "${injected.join(', ')}" (seed ${seed})`);
      await setTimeout(random.between(0, GAP_MS));
    }
  });
  return reportOf({ round: name, seed, faults: injected }, history);
}

/** What fails within is not hidden by a load that cannot end because of it. */
async function whileLoaded(load: ClientLoad, act: () => Promise<void>): Promise<LedgerHistory> {
  try {
    await act();
  } catch (reason) {
    await load.settle().catch(() => undefined);
    throw reason;
  }
  await load.settle();
  return load.finish();
}

function scheduleOf<W extends World>({ faults, times }: Round<W>, random: Random): readonly Fault<W>[] {
  const schedule: Fault<W>[] = [];
  while (schedule.length < times) schedule.push(...random.shuffled(faults));
  return schedule.slice(0, times);
}

/** CONVERGE: something that began from now on succeeds for each key. */
async function served(load: ClientLoad, when: string): Promise<void> {
  const since = monotonicNow();
  await eventually(
    `every key is served ${when}`,
    async () => {
      const unserved = await load.unservedSince(since);
      if (unserved.length > 0) throw new Error(`not served: ${unserved.join(', ')}`);
      return true;
    },
    RECOVERY_MS,
  );
}
