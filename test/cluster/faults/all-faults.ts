import type { Fault } from './fault.js';
import * as link from './link-faults.js';
import * as nats from './nats-faults.js';
import * as process from './process-faults.js';

export const ALL_FAULTS: readonly Fault[] = [
  process.procletKilled,
  process.procletFrozen,
  process.daemonKilled,
  process.daemonFrozen,
  process.leaderKilled,
  process.leaderFrozen,
  process.leaderFrozenUntilDead,
  process.allDaemonsKilled,
  process.hostKilled,
  nats.natsNodeKilled,
  nats.natsNodeFrozen,
  nats.natsLeaderKilled,
  nats.natsLeaderFrozen,
  nats.allNatsKilled,
  nats.allNatsFrozen,
  nats.natsRebuiltEmpty,
  link.linkCutShortly,
  link.backAfterDeath,
  link.leaderIsolated,
  link.hearsNothing,
  link.isNotHeard,
  link.packetLoss,
];

/** What each run of the tests makes: one of each kind. */
export const SHORT_ROUND: readonly Fault[] = [
  process.procletKilled,
  process.procletFrozen,
  process.leaderKilled,
  nats.natsLeaderKilled,
  nats.natsRebuiltEmpty,
  link.backAfterDeath,
];
