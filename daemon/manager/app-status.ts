import type { AppStatus, GroupStatus, ListenerStatus, ReplicaStatus } from '../api/api-types.js';
import type { IngressListenerStatus } from '../ingress/ingress-routes.js';
import { mixtureQuantile } from '../telemetry/mixture-quantile.js';
import type { AppRecord } from './app-record.js';
import { groupsOf } from './groups.js';
import type { HostedReplica } from './hosted-replica.js';
import { listenersOf, type WantedListener } from './listeners.js';

export interface AppObservation {
  readonly replicas: readonly HostedReplica[];
  readonly listeners: readonly IngressListenerStatus[];
  /** Why the current version does not come up (plan.ts). */
  readonly failure: string | undefined;
  /** 0 while none is chosen. */
  readonly portOf: (listener: WantedListener) => number;
}

export function appStatus(record: AppRecord, observation: AppObservation): AppStatus {
  const { replicas, failure } = observation;
  const groups = groupStatuses(record, replicas);
  const shown = listenerStatuses(record, observation);
  return {
    app: record.app,
    version: record.current.version,
    ...stateOf(record, replicas, groups, shown, failure),
    deployedAt: record.current.deployedAt,
    groups,
    listeners: shown,
  };
}

type StateAndReason = Pick<AppStatus, 'state' | 'reason'>;

function stateOf(
  record: AppRecord,
  replicas: readonly HostedReplica[],
  groups: readonly GroupStatus[],
  listeners: readonly ListenerStatus[],
  failure: string | undefined,
): StateAndReason {
  const { version } = record.current;
  if (record.state !== 'running')
    return { state: replicas.length > 0 ? 'stopping' : 'stopped', reason: undefined };
  if (record.serving !== version) {
    const still = record.serving === undefined ? '' : `; version ${record.serving} still serves`;
    if (failure !== undefined) return { state: 'failed', reason: `${failure}${still}` };
    return { state: 'deploying', reason: waitingFor(version, groups, still) };
  }
  const problem = waitingFor(version, groups, '') ?? listenerProblem(listeners);
  if (problem !== undefined) return { state: 'degraded', reason: problem };
  const mainIsDone = replicas.some((replica) => replica.version === version && replica.state === 'completed');
  const serves = listeners.some(({ state }) => state === 'open');
  return { state: mainIsDone && !serves ? 'completed' : 'serving', reason: undefined };
}

function waitingFor(version: string, groups: readonly GroupStatus[], suffix: string): string | undefined {
  const waiting = groups.flatMap(({ group, replicas, desiredReplicas }) => {
    const current = replicas.filter((replica) => replica.version === version);
    const up = current.filter(({ state }) => state === 'serving' || state === 'completed').length;
    if (up >= desiredReplicas) return [];
    const late = current.find(({ state }) => state !== 'serving' && state !== 'completed');
    const why =
      late === undefined ? '' : `: ${late.state}${late.lastFailure ? ` (${late.lastFailure})` : ''}`;
    return [`${group} ${up} of ${desiredReplicas}${why}`];
  });
  if (waiting.length === 0) return suffix === '' ? undefined : `serving${suffix}`;
  const more = waiting.length > 3 ? ` and ${waiting.length - 3} more groups` : '';
  return `waiting for ${waiting.slice(0, 3).join(', ')}${more}${suffix}`;
}

function listenerProblem(listeners: readonly ListenerStatus[]): string | undefined {
  const failed = listeners.find(({ state }) => state === 'failed');
  return failed && `listener ${failed.name} at ${failed.url}: ${failed.reason ?? 'failed'}`;
}

function groupStatuses(record: AppRecord, replicas: readonly HostedReplica[]): readonly GroupStatus[] {
  const shown = [record.current, ...record.older].flatMap((deployment) =>
    groupsOf(deployment.description, deployment.manifest).map((group) => ({ group, deployment })),
  );
  const names = [...new Set(shown.map(({ group }) => group.name))].sort();
  return names.flatMap((name) => {
    const newest = shown.find(({ group }) => group.name === name);
    const present = replicas.filter(({ group }) => group === name);
    const isCurrent = newest?.deployment === record.current;
    if (newest === undefined || (!isCurrent && present.length === 0)) return [];
    return [
      {
        group: name,
        components: newest.group.components,
        desiredReplicas: isCurrent && record.state === 'running' ? newest.group.replicas : 0,
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
    startedAt: observed.startedAt,
    restarts: observed.restarts,
    lastFailure: observed.lastFailure,
    nextStartAt: observed.nextStartAt,
    rssBytes: observed.load?.rssBytes ?? 0,
    cpuPercent: (observed.load?.cpuMs ?? 0) / 10 / seconds,
    callsPerSecond: calls / seconds,
    errorsPerSecond: errors / seconds,
    p50Ms: mixtureQuantile(methods, 0.5),
    p99Ms: mixtureQuantile(methods, 0.99),
    handshakesRefused: observed.load?.handshakesRefused ?? {},
    listeners: observed.listeners,
  };
}
