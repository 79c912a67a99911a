import type { ObservedReplica } from '../envelope/replica-host.js';
import type { Placement } from '../host/host-messages.js';
import { type AppRecord, type Deployment, isWanted } from './app-record.js';
import { callersOf } from './drain-order.js';
import { groupsOf } from './groups.js';
import type { HostedReplica } from './hosted-replica.js';
import { layoutOf, type PlannedReplica, plannedByName } from './layout.js';
import { formatReplica, formatVersion } from './replica-key.js';

/** A replica that is to go has left routing and ingress for so long before it is asked to drain. */
export const SETTLE_MS = 300;
/** An ingress that does not confirm its routes holds a drain up for no longer. */
export const MAX_SETTLE_MS = 5000;

export interface ObservedHost {
  readonly host: string;
  readonly replicas: readonly HostedReplica[];
  /** Its ingress serves by the newest routes. */
  readonly routesApplied: boolean;
  /** Replicas that left the routes and still answer requests of its ingress, by key. */
  readonly answering: ReadonlySet<string>;
}

/** What is remembered from one plan to the next; forgetting it costs time, never safety. */
export interface PlanMemory {
  /** Since when a replica is to go, by its key. */
  readonly leavingSince: ReadonlyMap<string, number>;
  /** Why a deployment that is not serving yet failed. */
  readonly failures: ReadonlyMap<string, string>;
}

export const BLANK_MEMORY: PlanMemory = { leavingSince: new Map(), failures: new Map() };

export interface AppPlan {
  readonly record: AppRecord;
  /** Wanted replicas of the wanted versions. */
  readonly wanted: readonly PlannedReplica[];
  /** Surplus replicas of wanted versions, by key: to be out of routing and ingress before they drain. */
  readonly leaving: ReadonlySet<string>;
  /** All of that version serve: the ingress may lead to it. */
  readonly shiftTo: string | undefined;
  /** Older versions of which nothing is left. */
  readonly gone: readonly string[];
  /** The app was removed and nothing of it is left. */
  readonly isGone: boolean;
  /** Why the current version does not come up. */
  readonly failure: string | undefined;
}

export interface Plan {
  readonly placements: ReadonlyMap<string, readonly Placement[]>;
  readonly apps: readonly AppPlan[];
  readonly memory: PlanMemory;
  /** When to plan again though nothing changed. */
  readonly wakeAt: number | undefined;
}

/**
 * What each host should run. A new version starts beside the old; when all of it serves the app shifts to it, and only
 * then does the old one retire: callers before those they call, each after it left the ingress. Hosts are those that
 * have reported; with none, nothing is decided.
 */
export function plan(
  records: readonly AppRecord[],
  hosts: readonly ObservedHost[],
  now: number,
  memory: PlanMemory,
): Plan {
  const placements = new Map<string, Placement[]>(hosts.map(({ host }) => [host, []]));
  const leavingSince = new Map<string, number>();
  const failures = new Map<string, string>();
  const apps: AppPlan[] = [];
  let wakeAt: number | undefined;
  const place = (replica: PlannedReplica) => {
    const host = hostFor(replica.key, hosts);
    if (host !== undefined) placements.get(host)?.push(replica.placement);
  };

  for (const record of hosts.length === 0 ? [] : records) {
    const observed = observedOf(record.app, hosts);
    const deployments = [record.current, ...record.older];
    const wanted = deployments.filter(({ version }) => isWanted(record, version)).flatMap(layoutOf);
    for (const replica of wanted) place(replica);

    const wantedKeys = new Set(wanted.map(({ key }) => key));
    const leaving = new Set<string>();
    for (const replica of observed) {
      const key = formatReplica(replica);
      if (wantedKeys.has(key) || !isLive(replica)) continue;
      if (isWanted(record, replica.version)) leaving.add(key);
      const deployment = deployments.find(({ version }) => version === replica.version);
      const planned = deployment && plannedByName(deployment, replica.group, replica.replica);
      if (deployment === undefined || planned === undefined || replica.state === 'draining') continue;
      const since = memory.leavingSince.get(key) ?? now;
      leavingSince.set(key, since);
      if (isWanted(record, replica.version) || !hasLiveCallers(deployment, replica, observed)) {
        const until = since + settleMs(hosts, key, deployment);
        if (now >= until) continue;
        wakeAt = Math.min(wakeAt ?? until, until);
      }
      place(planned);
    }

    const failure = failureOf(record, wanted, observed, memory);
    if (failure !== undefined) failures.set(deploymentKey(record), failure);
    apps.push({
      record,
      wanted,
      leaving,
      shiftTo: mayShift(record, wanted, observed) ? record.current.version : undefined,
      gone: record.older
        .map(({ version }) => version)
        .filter(
          (version) => !isWanted(record, version) && !observed.some((replica) => replica.version === version),
        ),
      isGone: record.state === 'removed' && observed.length === 0,
      failure,
    });
  }
  return { placements, apps, memory: { leavingSince, failures }, wakeAt };
}

export function observedOf(app: string, hosts: readonly ObservedHost[]): readonly HostedReplica[] {
  return hosts.flatMap(({ replicas }) => replicas.filter((replica) => replica.app === app));
}

/** It has a process that may hold work. */
function isLive({ state }: ObservedReplica): boolean {
  return state === 'starting' || state === 'adopting' || state === 'serving' || state === 'draining';
}

/** How long a replica that nothing leads to any more is left alone: until its last request is answered, within its grace. */
function settleMs(hosts: readonly ObservedHost[], key: string, deployment: Deployment): number {
  if (hosts.some(({ answering }) => answering.has(key))) return deployment.manifest.shutdown.grace;
  return hosts.every(({ routesApplied }) => routesApplied) ? SETTLE_MS : MAX_SETTLE_MS;
}

function hasLiveCallers(
  deployment: Deployment,
  replica: ObservedReplica,
  observed: readonly ObservedReplica[],
): boolean {
  const groups = groupsOf(deployment.description, deployment.manifest);
  const callers = callersOf(deployment.description, groups).get(replica.group);
  return observed.some(
    (other) => other.version === replica.version && isLive(other) && callers?.has(other.group),
  );
}

/** Where it runs already, else always the same host while the hosts are the same. */
function hostFor(key: string, hosts: readonly ObservedHost[]): string | undefined {
  const running = hosts.find(({ replicas }) => replicas.some((replica) => formatReplica(replica) === key));
  if (running !== undefined) return running.host;
  let best: { readonly host: string; readonly rank: number } | undefined;
  for (const { host } of hosts) {
    const rank = rankOf(`${key}@${host}`);
    if (best === undefined || rank > best.rank) best = { host, rank };
  }
  return best?.host;
}

/** FNV-1a. */
function rankOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return hash;
}

/** Everything of the current version serves, and it has opened the listeners that the version before serves. */
function mayShift(
  record: AppRecord,
  wanted: readonly PlannedReplica[],
  observed: readonly ObservedReplica[],
): boolean {
  const { version, description } = record.current;
  if (record.state !== 'running' || record.serving === version) return false;
  const states = new Map(observed.map((replica) => [formatReplica(replica), replica.state]));
  const all = wanted
    .filter(({ placement }) => placement.version === version)
    .every(({ key }) => states.get(key) === 'serving' || states.get(key) === 'completed');
  if (!all) return false;
  const opened = new Set(listenersOf(version, observed));
  const before = new Set(record.serving === undefined ? [] : listenersOf(record.serving, observed));
  return description.listeners.every(({ name }) => !before.has(name) || opened.has(name));
}

function listenersOf(version: string, observed: readonly ObservedReplica[]): readonly string[] {
  return observed
    .filter((replica) => replica.version === version && replica.state === 'serving')
    .flatMap(({ listeners }) => listeners.map(({ name }) => name));
}

/** Seen once it stays, until the version serves: a replica in a crash loop also starts now and then. */
function failureOf(
  record: AppRecord,
  wanted: readonly PlannedReplica[],
  observed: readonly ObservedReplica[],
  memory: PlanMemory,
): string | undefined {
  const { version } = record.current;
  if (record.state !== 'running' || record.serving === version) return undefined;
  const keys = new Set(wanted.map(({ key }) => key));
  const failed = observed.find(
    (replica) =>
      replica.version === version &&
      keys.has(formatReplica(replica)) &&
      (replica.state === 'crash-loop' || replica.state === 'failed'),
  );
  if (failed === undefined) return memory.failures.get(deploymentKey(record));
  return `${failed.replica}: ${failed.lastFailure ?? failed.state}`;
}

function deploymentKey({ app, current }: AppRecord): string {
  return `${formatVersion({ app, version: current.version })}/${current.deployedAt}`;
}
