import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import type { ReplicaStatus } from '../../daemon/api/api-types.js';
import type { Fault } from './faults/fault.js';
import {
  failures,
  failuresByCode,
  ghosts,
  type History,
  invented,
  longestSilence,
  monotonicNow,
  type ProbeCall,
  readHistory,
  repeated,
} from './support/history.js';
import { CALL_TIMEOUT_MS, type TestFleet } from './support/test-fleet.js';

/** Of undisturbed calls, before. */
const STEADY_MS = 1000;
/** Until a call that began before the end of the fault has ended. */
const SETTLING_MS = CALL_TIMEOUT_MS + 500;
/** One look at every daemon takes less. */
const LOOK_MS = 500;

export interface FaultReport {
  readonly fault: Fault;
  readonly affected: readonly string[];
  readonly history: History;
  readonly injectedAt: number;
  readonly endedAt: number;
  readonly convergeMs: number;
  readonly before: readonly ReplicaStatus[];
  readonly after: readonly ReplicaStatus[];
}

/** From a fleet that has converged to one that has converged again, under steady calls all the while. */
export async function runFault(fleet: TestFleet, fault: Fault): Promise<FaultReport> {
  await fleet.converged();
  const from = monotonicNow();
  await setTimeout(STEADY_MS);
  const before = await fleet.replicas();
  const injectedAt = monotonicNow();
  const { affected, undo } = await fault.inject(fleet);
  await setTimeout(fault.holdMs);
  const undoneAt = monotonicNow();
  await undo();
  await fleet.converged();
  const convergedAt = monotonicNow();
  await setTimeout(Math.max(0, undoneAt + SETTLING_MS - convergedAt));
  const settledAt = monotonicNow();
  await fleet.converged();
  const checkedAt = monotonicNow();
  // What the end of the fault brings may come late, such as an election among NATS servers of which one has woken up.
  const endedAt = checkedAt - settledAt < LOOK_MS ? convergedAt : checkedAt;
  const [history, after] = [await readHistory(fleet.probeFolder, from), await fleet.replicas()];
  return { fault, affected, history, injectedAt, endedAt, convergeMs: endedAt - undoneAt, before, after };
}

/** In one line: calls made, failed by code, longest time without a success, time to converge, and what was checked. */
export function describeReport(fleet: TestFleet, report: FaultReport): string {
  const { fault, history, injectedAt, endedAt, convergeMs } = report;
  const judged = judgedSafeCalls(fleet, report);
  const failed = failures(history.calls).length;
  const codes = Object.entries(failuresByCode(history.calls)).map(([code, count]) => `${code} ${count}`);
  return [
    `cluster: ${fault.name}`,
    `${history.calls.length} calls`,
    `${failed} failed${failed === 0 ? '' : ` (${codes.join(', ')})`}`,
    `retry-safe with two healthy replicas: ${failures(judged).length} of ${judged.length}`,
    `${Math.round(longestSilence(history.calls, injectedAt, endedAt))} ms without success`,
    `converged in ${Math.round(convergeMs)} ms`,
    `checked ${checkedOf(fault).join(' ')}`,
  ].join('; ');
}

/** Fails for each invariant that does not hold. */
export function checkReport(fleet: TestFleet, report: FaultReport): void {
  const { fault, history, injectedAt, endedAt, before, after } = report;
  const during = history.calls.filter((call) => call.endedAt >= injectedAt && call.endedAt <= endedAt);
  const successes = during.filter(({ outcome }) => outcome === 'ok');
  expect(successes.length, 'KEEP-SERVING: calls succeed meanwhile').to.be.greaterThan(0);
  expect(failuresByCode(judgedSafeCalls(fleet, report)), 'retry-safe calls').to.deep.equal({});
  if (fault.plane === 'control') {
    expect(failuresByCode(history.calls), 'KEEP-SERVING: no call needs the control plane').to.deep.equal({});
    expect(pidsOf(after), 'ADOPT: the same processes').to.deep.equal(pidsOf(before));
  }
  expect(ghosts(history), 'NO-GHOST: executed though reported as not').to.deep.equal([]);
  expect(repeated(history), 'NO-GHOST: executed twice though not retry-safe').to.deep.equal([]);
  expect(invented(history), 'NO-GHOST: answered though not executed').to.deep.equal([]);
  const refused = after.map(({ handshakesRefused }) => handshakesRefused.version ?? 0);
  expect(Math.max(...refused), 'ONE-VERSION: handshakes of another version').to.equal(0);
}

function checkedOf({ plane }: Fault): readonly string[] {
  const adopts = plane === 'control' ? ['ADOPT'] : [];
  return ['KEEP-SERVING', ...adopts, 'ONE-VERSION', 'NO-GHOST', 'CONVERGE'];
}

/** The retry-safe calls for which two healthy replicas are in reach throughout. */
function judgedSafeCalls({ network }: TestFleet, { history, affected }: FaultReport): readonly ProbeCall[] {
  return history.calls.filter(
    ({ isSafe, from }) => isSafe && !affected.includes(network.hostAt(from) ?? from),
  );
}

function pidsOf(replicas: readonly ReplicaStatus[]): readonly string[] {
  return replicas.map(({ replica, pid }) => `${replica} ${pid}`).sort();
}
