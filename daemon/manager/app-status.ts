import type { AppStatus, GroupStatus, ListenerStatus, ReplicaStatus } from '../api/api-types.js';
import type { IngressListenerStatus } from '../ingress/ingress-routes.js';
import { mixtureQuantile } from '../telemetry/mixture-quantile.js';
import type { AppRecord } from './app-record.js';
import type { Group } from './groups.js';
import type { HostedReplica } from './hosted-replica.js';
import { layoutFor } from './layout.js';
import { listenersOf, type WantedListener } from './listeners.js';
import type { GroupPlan, UnplacedReplica } from './plan.js';

export interface AppObservation {
  readonly replicas: readonly HostedReplica[];
  readonly listeners: readonly IngressListenerStatus[];
  /** Why the current version does not come up (plan.ts). */
  readonly failure: string | undefined;
  /** Replicas that run nowhere, or not where they should (plan.ts). */
  readonly unplaced: readonly UnplacedReplica[];
  /** What each group should have now; absent ones as many replicas as the manifest's least. */
  readonly groups: readonly Pick<GroupPlan, 'version' | 'group' | 'replicas'>[];
  /** 0 while none is chosen. */
  readonly portOf: (listener: WantedListener) => number;
}

export function appStatus(record: AppRecord, observation: AppObservation): AppStatus {
  const groups = groupStatuses(record, observation);
  const shown = listenerStatuses(record, observation);
  return {
    app: record.app,
    version: record.current.version,
    ...stateOf(record, observation, groups, shown),
    deployedAt: record.current.deployedAt,
    groups,
    listeners: shown,
  };
}

type StateAndReason = Pick<AppStatus, 'state' | 'reason'>;

function stateOf(
  record: AppRecord,
  { replicas, failure, unplaced }: AppObservation,
  groups: readonly GroupStatus[],
  listeners: readonly ListenerStatus[],
): StateAndReason {
  const { version } = record.current;
  if (record.state !== 'running')
    return { state: replicas.length > 0 ? 'stopping' : 'stopped', reason: undefined };
  if (record.serving !== version) {
    const still = record.serving === undefined ? '' : `; version ${record.serving} still serves`;
    if (failure !== undefined) return { state: 'failed', reason: `${failure}${still}` };
    const lacks = unplacedProblem(unplaced) ?? waitingFor(version, groups);
    const reason = lacks === undefined && still === '' ? undefined : `${lacks ?? 'serving'}${still}`;
    return { state: 'deploying', reason };
  }
  const problem = unplacedProblem(unplaced) ?? waitingFor(version, groups) ?? listenerProblem(listeners);
  if (problem !== undefined) return { state: 'degraded', reason: problem };
  const mainIsDone = replicas.some((replica) => replica.version === version && replica.state === 'completed');
  const serves = listeners.some(({ state }) => state === 'open');
  return { state: mainIsDone && !serves ? 'completed' : 'serving', reason: undefined };
}

/** Those with the most common reason first. */
function unplacedProblem(unplaced: readonly UnplacedReplica[]): string | undefined {
  const byReason = new Map<string, UnplacedReplica[]>();
  for (const each of unplaced) byReason.set(each.reason, [...(byReason.get(each.reason) ?? []), each]);
  const [most, ...others] = [...byReason].sort(([, a], [, b]) => b.length - a.length);
  if (most === undefined) return undefined;
  const [reason, replicas] = most;
  const rest = others.reduce((sum, [, each]) => sum + each.length, 0);
  const held = replicas.filter(({ heldOn }) => heldOn !== undefined).length;
  const what = held === replicas.length ? 'cannot move' : 'no host for';
  const more = rest > 0 ? `, and ${rest} more for other reasons` : '';
  return `${what} ${someOf(replicas.map(({ replica }) => replica))}: ${reason}${more}`;
}

function waitingFor(version: string, groups: readonly GroupStatus[]): string | undefined {
  const waiting = groups.flatMap(({ group, replicas, desiredReplicas }) => {
    const current = replicas.filter((replica) => replica.version === version);
    const isUp = ({ state }: ReplicaStatus) => state === 'serving' || state === 'completed';
    // While one moves it is on two hosts.
    const up = new Set(current.filter(isUp).map(({ replica }) => replica)).size;
    if (up >= desiredReplicas) return [];
    const late = current.find((replica) => !isUp(replica));
    const why =
      late === undefined ? '' : `: ${late.state}${late.lastFailure ? ` (${late.lastFailure})` : ''}`;
    return [`${group} ${up} of ${desiredReplicas}${why}`];
  });
  if (waiting.length === 0) return undefined;
  const more = waiting.length > 3 ? ` and ${waiting.length - 3} more groups` : '';
  return `waiting for ${waiting.slice(0, 3).join(', ')}${more}`;
}

function someOf(names: readonly string[]): string {
  return names.length <= 3
    ? names.join(', ')
    : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more replicas`;
}

function listenerProblem(listeners: readonly ListenerStatus[]): string | undefined {
  const failed = listeners.find(({ state }) => state === 'failed');
  return failed && `listener ${failed.name} at ${failed.url}: ${failed.reason ?? 'failed'}`;
}

function groupStatuses(record: AppRecord, { replicas, groups }: AppObservation): readonly GroupStatus[] {
  const shown = [record.current, ...record.older].flatMap((deployment) =>
    layoutFor(deployment).groups.map((group) => ({ group, deployment })),
  );
  const names = [...new Set(shown.map(({ group }) => group.name))].sort();
  const { version } = record.current;
  const wantedOf = ({ name, replicas: least }: Group) =>
    groups.find((each) => each.version === version && each.group === name)?.replicas.length ?? least;
  return names.flatMap((name) => {
    const newest = shown.find(({ group }) => group.name === name);
    const present = replicas.filter(({ group }) => group === name);
    const isCurrent = newest?.deployment === record.current;
    if (newest === undefined || (!isCurrent && present.length === 0)) return [];
    return [
      {
        group: name,
        components: newest.group.components,
        desiredReplicas: isCurrent && record.state === 'running' ? wantedOf(newest.group) : 0,
        replicas: present
          .map(replicaStatus)
          .sort((a, b) =>
            a.replica < b.replica ? -1 : a.replica > b.replica ? 1 : b.generation - a.generation,
          ),
      },
    ];
  });
}

function listenerStatuses(
  record: AppRecord,
  { replicas, listeners, portOf }: AppObservation,
): readonly ListenerStatus[] {
  return listenersOf(record.current, replicas).map((listener) => {
    const { name, component, host } = listener;
    const status = listeners.find((each) => each.listener === name && each.state !== 'closing');
    return {
      name,
      component,
      url: status?.url ?? `http://${host.includes(':') ? `[${host}]` : host}:${portOf(listener)}`,
      state: status === undefined || status.state === 'closing' ? 'opening' : status.state,
      reason: status?.reason,
      requestsPerSecond: status?.requestsPerSecond ?? 0,
      inFlight: status?.inFlight ?? 0,
    };
  });
}

export function replicaStatus(observed: HostedReplica): ReplicaStatus {
  const methods = observed.load?.methods ?? [];
  const seconds = Math.max(1, observed.load?.intervalMs ?? 0) / 1000;
  const calls = methods.reduce((sum, method) => sum + method.calls, 0);
  const errors = methods.reduce((sum, method) => sum + method.errors, 0);
  return {
    replica: observed.replica,
    version: observed.version,
    host: observed.host,
    generation: observed.generation,
    state: observed.state,
    pid: observed.pid,
    address: observed.address,
    remoteAddress: observed.remoteAddress,
    startedAt: observed.startedAt,
    restarts: observed.restarts,
    lastFailure: observed.lastFailure,
    lastFailedComponent: observed.lastFailedComponent,
    nextStartAt: observed.nextStartAt,
    rssBytes: observed.load?.rssBytes ?? 0,
    cpuPercent: (observed.load?.cpuMs ?? 0) / 10 / seconds,
    callsPerSecond: calls / seconds,
    errorsPerSecond: errors / seconds,
    p50Ms: mixtureQuantile(methods, 0.5),
    p99Ms: mixtureQuantile(methods, 0.99),
    handshakesRefused: observed.load?.handshakesRefused ?? {},
    compression: observed.load?.compression ?? [],
    listeners: observed.listeners,
  };
}
