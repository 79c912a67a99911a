import type { AppStatus, ReplicaStatus } from '../../daemon/api/api-types.js';
import { MAIN } from '../../sdk/protocol/app-description.js';

/** How far a deployment has come. */
export type DeploymentOutcome =
  | {
      readonly kind: 'waiting';
      readonly serving: number;
      readonly wanted: number;
      /** Groups and listeners. */
      readonly for: readonly string[];
      /** What it comes to when the listeners that are missing are never opened; undefined while replicas are missing. */
      readonly otherwise: 'serving' | 'completed' | undefined;
    }
  | { readonly kind: 'serving' }
  /** `main` has returned, and there is nothing to serve. */
  | { readonly kind: 'completed' }
  | { readonly kind: 'failed'; readonly reason: string; readonly replica: string | undefined };

export interface OutcomePolicy {
  /** A replica that crashed so often without ever serving has failed, though the daemon goes on trying. */
  readonly startAttempts: number;
}

export function deploymentOutcome(
  status: AppStatus,
  version: string,
  policy: OutcomePolicy,
): DeploymentOutcome {
  const failed = (reason: string, replica?: ReplicaStatus): DeploymentOutcome => ({
    kind: 'failed',
    reason,
    replica: replica?.replica,
  });
  if (status.version !== version) return failed(`version ${status.version} was deployed meanwhile`);
  const replicas = status.groups
    .flatMap((group) => group.replicas)
    .filter((each) => each.version === version);
  const broken = replicas.find((replica) => hasFailed(replica, policy) || mainHasFailed(replica, policy));
  if (broken !== undefined)
    return failed(broken.lastFailure ?? `the replica is in state ${broken.state}`, broken);
  if (status.state === 'failed') return failedAsTold(status.reason, replicas);
  if (status.state === 'stopping' || status.state === 'stopped')
    return failed('the app was stopped meanwhile');
  const closed = status.listeners.find(({ state }) => state === 'failed');
  if (closed !== undefined)
    return failed(
      `listener ${closed.name} cannot be opened at ${closed.url}: ${closed.reason ?? 'unknown reason'}`,
    );
  const { state } = status;
  const opening = status.listeners.filter((listener) => listener.state === 'opening').map(({ name }) => name);
  const settled = state === 'serving' || state === 'completed' ? state : undefined;
  if (settled !== undefined && opening.length === 0) return { kind: settled };
  const missing = status.groups
    .filter((group) => upReplicas(group.replicas, version).length < group.desiredReplicas)
    .map(({ group }) => group);
  return {
    kind: 'waiting',
    serving: upReplicas(replicas, version).length,
    wanted: status.groups.reduce((sum, { desiredReplicas }) => sum + desiredReplicas, 0),
    for: [...missing, ...opening.map((name) => `listener ${name}`)],
    otherwise: settled,
  };
}

/** The daemon's reason begins with the replica that failed, if it was one: it may be starting again by now. */
function failedAsTold(reason: string | undefined, replicas: readonly ReplicaStatus[]): DeploymentOutcome {
  const told = reason ?? 'the daemon does not say why';
  const replica = replicas.find((each) => told.startsWith(`${each.replica}: `))?.replica;
  return {
    kind: 'failed',
    reason: replica === undefined ? told : told.slice(replica.length + 2),
    replica,
  };
}

/** `main` has returned, and no listener of the app is open or may be soon. */
export function isCompleted(status: AppStatus): boolean {
  return status.state === 'completed' && status.listeners.every(({ state }) => state === 'failed');
}

/** The replica in which `main` threw again and again: the program is wrong, though all its components may serve. */
export function failedMain(status: AppStatus, policy: OutcomePolicy): ReplicaStatus | undefined {
  return status.groups
    .flatMap(({ replicas }) => replicas)
    .find((replica) => replica.version === status.version && mainHasFailed(replica, policy));
}

/** A proclet that hosts `main` serves while it runs: its state does not tell. */
function mainHasFailed(
  { lastFailedComponent, restarts }: ReplicaStatus,
  { startAttempts }: OutcomePolicy,
): boolean {
  return restarts >= startAttempts && lastFailedComponent === MAIN;
}

function hasFailed(replica: ReplicaStatus, { startAttempts }: OutcomePolicy): boolean {
  const { state, restarts } = replica;
  if (state === 'crash-loop' || state === 'failed') return true;
  return state === 'waiting' && restarts >= startAttempts;
}

function upReplicas(replicas: readonly ReplicaStatus[], version: string): readonly ReplicaStatus[] {
  return replicas.filter(
    (each) => each.version === version && (each.state === 'serving' || each.state === 'completed'),
  );
}
