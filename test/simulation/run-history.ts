import { Cluster } from './cluster.js';
import { difference } from './convergence.js';
import type { Action, History } from './history.js';
import type { Violation } from './invariants.js';
import type { World } from './sim-daemon.js';
import type { KeeperBug } from './sim-keeper.js';

export interface Outcome {
  readonly violation: Violation | undefined;
  /** Events that were run. */
  readonly steps: number;
  /** Messages between daemons. */
  readonly messages: number;
  /** Virtual ms. */
  readonly took: number;
  /** Virtual ms from the end of the last fault to the meeting of desired and observed. */
  readonly convergedAfter: number | undefined;
  readonly acknowledged: number;
  /** Of clients of state. */
  readonly operations: number;
}

/** In the end every fault that mends itself has done so. */
const SETTLE_MS = 2000;
/** Declaring a mass of hosts dead takes 30 s; then what they ran is started anew. */
const CONVERGE_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 500;
/** It must last. */
const STAYS_FOR_MS = 2000;

export interface RunOptions {
  /** Hears of what is done and of what the daemons tell. */
  readonly trace?: ((line: string) => void) | undefined;
  /** See {@link World.plant}. */
  readonly plant?: World['plant'] | undefined;
  readonly bug?: KeeperBug | undefined;
}

/** Runs a history to its end, or to the first violation. */
export async function runHistory(history: History, options: RunOptions = {}): Promise<Outcome> {
  const { trace, plant, bug } = options;
  const cluster = new Cluster(history, plant, bug);
  const { scheduler, invariants, network } = cluster;
  const uncaught = (reason: unknown) =>
    invariants.fail('CRASH', reason instanceof Error ? (reason.stack ?? reason.message) : String(reason));
  process.on('unhandledRejection', uncaught);
  try {
    for (const action of history.actions)
      scheduler.after(action.at, () => {
        trace?.(describeAction(action));
        cluster.do(action);
      });
    const healAt = SETTLE_MS + Math.max(0, ...history.actions.map(({ at }) => at));
    scheduler.after(healAt, () => cluster.heal());
    const run = new Convergence(cluster, healAt);
    scheduler.after(healAt + LOOK_EVERY_MS, () => run.look());
    const told = new Set<object>();
    while (invariants.violation === undefined && !run.isOver && (await step(cluster))) {
      invariants.check();
      if (trace !== undefined) traceEvents(cluster, told, trace);
    }
    const problem = invariants.violation === undefined ? cluster.clients.problem() : undefined;
    if (problem !== undefined) invariants.fail('ONE-OWNER', problem);
    return {
      operations: cluster.clients.operations,
      violation: invariants.violation,
      steps: scheduler.steps,
      messages: network.delivered,
      took: scheduler.now,
      convergedAfter: run.metAt === undefined ? undefined : run.metAt - healAt,
      acknowledged: cluster.operations.acknowledged,
    };
  } finally {
    process.off('unhandledRejection', uncaught);
  }
}

async function step({ scheduler, invariants }: Cluster): Promise<boolean> {
  try {
    return await scheduler.step();
  } catch (reason) {
    invariants.fail('CRASH', reason instanceof Error ? (reason.stack ?? reason.message) : String(reason));
    return false;
  }
}

/** Looks again and again whether desired and observed have met, and stay so. */
class Convergence {
  isOver = false;
  metAt: number | undefined;
  readonly #cluster: Cluster;
  readonly #healAt: number;

  constructor(cluster: Cluster, healAt: number) {
    this.#cluster = cluster;
    this.#healAt = healAt;
  }

  look(): void {
    const { scheduler, invariants } = this.#cluster;
    const { now } = scheduler;
    const why = difference(this.#cluster);
    if (why !== undefined) {
      this.metAt = undefined;
      if (now - this.#healAt > CONVERGE_WITHIN_MS) {
        this.#tellLost();
        invariants.fail('CONVERGE', `after ${(now - this.#healAt) / 1000} s without faults: ${why}`);
        this.isOver = true;
      }
    } else {
      this.metAt ??= now;
      if (now - this.metAt >= STAYS_FOR_MS) {
        this.#tellLost();
        this.isOver = true;
      }
    }
    scheduler.after(LOOK_EVERY_MS, () => this.look());
  }

  #tellLost(): void {
    const { operations, store, hosts, invariants } = this.#cluster;
    const isForgetful = (host: string) => hosts.get(host)?.isGone === true && store.lostAt >= 0;
    for (const lost of operations.lost(store.values('apps'), isForgetful)) invariants.fail('NO-LOSS', lost);
  }
}

export function describeAction({ at, kind, ...rest }: Action): string {
  const fields = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [(at / 1000).toFixed(3), kind, ...fields].join(' ');
}

/** What the daemons tell of themselves, without a trace in the simulation. */
function traceEvents(
  { hosts, scheduler }: Cluster,
  followed: Set<object>,
  trace: (line: string) => void,
): void {
  for (const [host, { daemon }] of hosts) {
    if (daemon === undefined || followed.has(daemon)) continue;
    followed.add(daemon);
    daemon.events.follow(({ kind, message }) =>
      trace(`${(scheduler.now / 1000).toFixed(3)}   ${host}: ${kind}: ${message}`),
    );
  }
}
