import { setTimeout } from 'node:timers/promises';
import { failures, monotonicNow, readHistory } from '../test/cluster/support/history.js';
import { CALL_TIMEOUT_MS, TestFleet } from '../test/cluster/support/test-fleet.js';
import { type Bench, median, type ResultLine, resultLine, rounded } from './report.js';

const HOSTS = 4;
const ROUNDS = 20;
const QUICK_ROUNDS = 3;
/** The host is declared dead by then, and its replicas run elsewhere. */
const HOST_IS_AWAY_MS = 12_000;
const LOOK_EVERY_MS = 10;
const LEADING_MS = 60_000;

interface HostDeath {
  /** From the kill to the last call of the other hosts that failed, ms; 0 when none did. */
  readonly lastFailedMs: number;
  readonly failed: number;
  readonly safeFailed: number;
  readonly calls: number;
  /** From the kill until every replica serves again, on the other hosts. */
  readonly wholeMs: number;
}

/** A real cluster on this machine, each host in a network namespace: how long what dies is felt. Needs root. */
export const failover: Bench = {
  name: 'failover',
  summary:
    'a real cluster: from the death of a host to the last failed call, and of the leader to the next decision',
  isApart: true,
  async *run({ quick }) {
    const rounds = quick ? QUICK_ROUNDS : ROUNDS;
    const fleet = await TestFleet.start({ hosts: HOSTS });
    try {
      await fleet.deployProbe();
      const deaths: HostDeath[] = [];
      const leaderless: number[] = [];
      for (let round = 0; round < rounds; round++) {
        deaths.push(await hostDies(fleet));
        leaderless.push(await leaderDies(fleet));
      }
      const of = (pick: (death: HostDeath) => number) => deaths.map(pick);
      const lastFailed = of(({ lastFailedMs }) => lastFailedMs);
      yield* distribution('host killed, to last failed call', lastFailed);
      yield* distribution(
        'host killed, to all replicas serve',
        of(({ wholeMs }) => wholeMs),
      );
      yield line(
        'host killed, failed calls',
        'calls',
        of(({ failed }) => failed),
      );
      yield line(
        'host killed, failed retry-safe',
        'calls',
        of(({ safeFailed }) => safeFailed),
      );
      yield line(
        'host killed, calls made',
        'calls',
        of(({ calls }) => calls),
      );
      yield* distribution('leader killed, to next decision', leaderless);
      return {
        'failover.last_failed_call_ms': rounded(median(lastFailed)),
        'failover.last_failed_call_max_ms': rounded(Math.max(...lastFailed)),
        'failover.retry_safe_failed': of(({ safeFailed }) => safeFailed).reduce((sum, each) => sum + each, 0),
        'failover.next_decision_ms': rounded(median(leaderless)),
        'failover.next_decision_max_ms': rounded(Math.max(...leaderless)),
      };
    } finally {
      await fleet.dispose();
    }
  },
};

function line(what: string, unit: string, values: readonly number[]): ResultLine {
  return resultLine({ bench: 'failover', case: what, system: 'weaverd, 4 hosts', unit }, values);
}

/** Median, and the ends. */
function* distribution(what: string, values: readonly number[]): Generator<ResultLine> {
  const sorted = [...values].sort((a, b) => a - b);
  yield line(what, 'ms', values);
  yield line(`${what}, least`, 'ms', sorted.slice(0, 1));
  yield line(`${what}, 90 %`, 'ms', [sorted[Math.ceil(sorted.length * 0.9) - 1] ?? 0]);
  yield line(`${what}, most`, 'ms', sorted.slice(-1));
}

/** The daemon of a host that does not lead, its proclets and its ingress are killed at once; later it starts again. */
async function hostDies(fleet: TestFleet): Promise<HostDeath> {
  await fleet.converged();
  const leader = await fleet.leader();
  const replica = (await fleet.replicas()).find(
    ({ replica: name, host }) => name.startsWith('Target') && host !== leader.name,
  );
  if (replica === undefined) throw new Error('every Target is on the host of the leader');
  const host = fleet.named(replica.host);
  const killedAt = monotonicNow();
  await host.killAll();
  const wholeMs = await untilWholeWithout(fleet, host.name, killedAt);
  await setTimeout(Math.max(0, HOST_IS_AWAY_MS - (monotonicNow() - killedAt)));
  await host.start();
  await fleet.converged();
  await setTimeout(CALL_TIMEOUT_MS);
  const { calls } = await readHistory(fleet.probeFolder, killedAt);
  const others = calls.filter(({ from }) => fleet.network.hostAt(from) !== host.name);
  const failed = failures(others);
  return {
    lastFailedMs: failed.length === 0 ? 0 : Math.max(...failed.map(({ endedAt }) => endedAt)) - killedAt,
    failed: failed.length,
    safeFailed: failed.filter(({ isSafe }) => isSafe).length,
    calls: others.length,
    wholeMs,
  };
}

async function untilWholeWithout(fleet: TestFleet, gone: string, killedAt: number): Promise<number> {
  for (;;) {
    const replicas = await fleet.replicas();
    const isWhole = replicas.every(({ host, state }) => host !== gone && state === 'serving');
    if (isWhole && replicas.length === 2 * HOSTS + 1) return monotonicNow() - killedAt;
    if (monotonicNow() - killedAt > LEADING_MS)
      throw new Error('the replicas of the dead host were not replaced');
    await setTimeout(LOOK_EVERY_MS);
  }
}

/** From kill -9 of the leading daemon until another one knows of a newer leader; later it starts again. */
async function leaderDies(fleet: TestFleet): Promise<number> {
  await fleet.converged();
  const leader = await fleet.leader();
  const before = (await leader.status()).cluster?.leader?.incarnation ?? 0;
  const others = fleet.hosts.filter((host) => host !== leader);
  const killedAt = monotonicNow();
  await leader.killDaemon();
  for (;;) {
    const statuses = await Promise.all(others.map((host) => host.status()));
    const isLed = statuses.some(({ cluster }) => (cluster?.leader?.incarnation ?? 0) > before);
    const took = monotonicNow() - killedAt;
    if (isLed) {
      await leader.start();
      return took;
    }
    if (took > LEADING_MS) throw new Error('no other daemon leads');
    await setTimeout(LOOK_EVERY_MS);
  }
}
