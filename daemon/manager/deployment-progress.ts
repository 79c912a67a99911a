import type { AppRecord } from './app-record.js';
import type { HostedReplica } from './hosted-replica.js';
import type { GroupPlan } from './plan.js';
import { deploymentKey, formatReplica } from './replica-key.js';

/** Everything of the current version serves, and it has opened the listeners that the version before serves. */
export function mayShift(
  record: AppRecord,
  groups: readonly GroupPlan[],
  observed: readonly HostedReplica[],
): boolean {
  const { version, description } = record.current;
  if (record.state !== 'running' || record.serving === version) return false;
  const states = new Map(observed.map((replica) => [formatReplica(replica), replica.state]));
  const all = groups
    .filter((group) => group.version === version)
    .flatMap(({ replicas }) => replicas)
    .every(({ key }) => states.get(key) === 'serving' || states.get(key) === 'completed');
  if (!all) return false;
  const opened = new Set(listenersOf(version, observed));
  const before = new Set(record.serving === undefined ? [] : listenersOf(record.serving, observed));
  return description.listeners.every(({ name }) => !before.has(name) || opened.has(name));
}

function listenersOf(version: string, observed: readonly HostedReplica[]): readonly string[] {
  return observed
    .filter((replica) => replica.version === version && replica.state === 'serving')
    .flatMap(({ listeners }) => listeners.map(({ name }) => name));
}

/** Seen once it stays, until the version serves: a replica in a crash loop also starts now and then. */
export function failureOf(
  record: AppRecord,
  groups: readonly GroupPlan[],
  observed: readonly HostedReplica[],
  failures: ReadonlyMap<string, string>,
): string | undefined {
  const { version } = record.current;
  if (record.state !== 'running' || record.serving === version) return undefined;
  const keys = new Set(groups.flatMap(({ replicas }) => replicas.map(({ key }) => key)));
  const failed = observed.find(
    (replica) =>
      replica.version === version &&
      keys.has(formatReplica(replica)) &&
      (replica.state === 'crash-loop' || replica.state === 'failed'),
  );
  if (failed === undefined) return failures.get(deploymentKey(record));
  return `${failed.replica}: ${failed.lastFailure ?? failed.state}`;
}
