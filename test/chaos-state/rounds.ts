import { FLEET_FAULTS } from './faults/fleet-faults.js';
import { FILE_STORE_FAULTS } from './faults/one-host-faults.js';
import { REDIS_FAULTS } from './faults/redis-faults.js';
import { FleetWorld } from './fleet-world.js';
import { OneHost } from './one-host.js';
import { RedisHost } from './redis-host.js';
import type { RoundReport } from './report.js';
import { type Fault, runRound, type World } from './round.js';

export interface PlayOptions {
  /** Of the schedule of faults, and of what clients do. */
  readonly seed: number;
  /** How many faults; each kind once by default. */
  readonly times?: number;
  /** Names of the only ones. */
  readonly only?: readonly string[];
}

export type Play = (options: PlayOptions) => Promise<RoundReport>;

/** Each makes its world, does to it what can be done, and takes it away. */
export const ROUNDS: Readonly<Record<string, Play>> = {
  file: (options) => play('file', FILE_STORE_FAULTS, options, () => OneHost.start({ ledgers: 1, gates: 2 })),
  redis: (options) => play('redis', REDIS_FAULTS, options, () => RedisHost.start()),
  fleet: (options) => play('fleet', FLEET_FAULTS, options, () => FleetWorld.start()),
};

async function play<W extends World & { dispose(): Promise<void> }>(
  name: string,
  all: readonly Fault<W>[],
  { seed, times, only }: PlayOptions,
  start: () => Promise<W>,
): Promise<RoundReport> {
  const faults = all.filter((fault) => only === undefined || only.includes(fault.name));
  if (faults.length === 0)
    throw new Error(`no such fault; there are: ${all.map((each) => each.name).join(', ')}`);
  const world = await start();
  try {
    return await runRound({ name, world, faults, times: times ?? faults.length, seed });
  } finally {
    await world.dispose();
  }
}
