import type { Placement } from '../host/host-messages.js';
import type { Choice } from '../placement/place.js';
import { type AppRecord, isWanted } from './app-record.js';
import { failureOf, mayShift } from './deployment-progress.js';
import { activeInstance, FleetView, type Instances, isLive } from './fleet-view.js';
import type { HostedReplica } from './hosted-replica.js';
import type { PlannedReplica } from './layout.js';
import type { ObservedHost } from './observed-host.js';
import type { PlanMemory } from './plan-memory.js';
import { type AppWants, replicaHomes } from './replica-homes.js';
import { deploymentKey } from './replica-key.js';
import { Retirement } from './retirement.js';
import { wantedReplicas } from './wanted-replicas.js';

/** A wanted replica that runs nowhere, or not where it should, and why. */
export interface UnplacedReplica {
  readonly version: string;
  readonly group: string;
  readonly replica: string;
  /** It runs here meanwhile. */
  readonly heldOn: string | undefined;
  readonly reason: string;
}

/** How many replicas a group should have now, and why. */
export interface GroupScale {
  readonly version: string;
  readonly group: string;
  readonly replicas: number;
  readonly explanation: string;
}

export interface AppPlan {
  readonly record: AppRecord;
  /** Wanted replicas of the wanted versions. */
  readonly wanted: readonly PlannedReplica[];
  readonly scales: readonly GroupScale[];
  /** What routing and ingress are made from: of each replica the one instance that counts. */
  readonly observed: readonly HostedReplica[];
  readonly unplaced: readonly UnplacedReplica[];
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
  /** For each host that is alive or suspect and has reported; of the others nothing is asked. */
  readonly placements: ReadonlyMap<string, readonly Placement[]>;
  readonly apps: readonly AppPlan[];
  /** Where each wanted replica goes and why, by its key. */
  readonly choices: ReadonlyMap<string, Choice>;
  readonly memory: PlanMemory;
  /** When to plan again though nothing changed, Unix ms. */
  readonly wakeAt: number | undefined;
}

/**
 * What each host should run. A new version starts beside the old; when all of it serves the app shifts to it, and only
 * then does the old one retire: callers before those they call, each after it left the ingress. A replica that moves
 * serves where it was until it serves where it goes; of one that is on several hosts all but one go. What has no room
 * is named, and the rest goes on. While no host is alive nothing is decided.
 */
export function plan(
  records: readonly AppRecord[],
  hosts: readonly ObservedHost[],
  now: number,
  memory: PlanMemory,
): Plan {
  const fleet = new FleetView(hosts);
  if (fleet.present.length === 0)
    return { placements: new Map(), apps: [], choices: new Map(), memory, wakeAt: undefined };
  const apps = records.map((record) => ({
    record,
    wanted: wantedReplicas(record, fleet.instancesOf(record.app), memory, now),
  }));
  const { choices, places, moving } = replicaHomes(apps, fleet, memory);

  const placements = new Map<string, Placement[]>(
    fleet.present.filter(({ reported }) => reported).map(({ host }) => [host, []]),
  );
  const put: Put = (host, { placement }) => placements.get(host)?.push(placement);
  const retirement = new Retirement(fleet, memory.leavingSince, now);
  const planned = apps.map((app) => planApp(app, fleet, places, choices, retirement, put, memory));

  const scales = apps.flatMap(({ wanted }) =>
    wanted.flatMap(({ scale }) => (scale === undefined ? [] : [[scale.key, scale.memory] as const])),
  );
  const failures = planned.flatMap(({ record, failure }) =>
    failure === undefined ? [] : [[deploymentKey(record), failure] as const],
  );
  return {
    placements,
    apps: planned,
    choices,
    memory: {
      leavingSince: retirement.leavingSince,
      failures: new Map(failures),
      places,
      moving,
      scales: new Map(scales),
    },
    wakeAt: retirement.wakeAt,
  };
}

type Put = (host: string, replica: PlannedReplica) => void;

function planApp(
  { record, wanted: groups }: AppWants,
  fleet: FleetView,
  places: ReadonlyMap<string, string>,
  choices: ReadonlyMap<string, Choice>,
  retirement: Retirement,
  put: Put,
  memory: PlanMemory,
): AppPlan {
  const instances = fleet.instancesOf(record.app);
  const wanted = groups.flatMap(({ replicas }) => replicas);
  const observed: HostedReplica[] = [];
  for (const replica of wanted) {
    const home = places.get(replica.key);
    if (home !== undefined) put(home, replica);
    const present = instances.get(replica.key) ?? [];
    const active = activeInstance(present, home);
    if (active === undefined) continue;
    observed.push(active.replica);
    if (active.host.host !== home) put(active.host.host, replica);
    for (const instance of present)
      if (instance !== active && instance.host.host !== home && retirement.keeps(instance, record, false))
        put(instance.host.host, replica);
  }
  const leaving = retire(record, instances, wanted, observed, retirement, put);
  const isLeft = (version: string) => observed.some((replica) => replica.version === version);
  return {
    record,
    wanted,
    scales: groups.map(({ deployment, group, replicas, explanation }) => ({
      version: deployment.version,
      group: group.name,
      replicas: replicas.length,
      explanation,
    })),
    observed,
    unplaced: unplacedOf(wanted, choices),
    leaving,
    shiftTo: mayShift(record, wanted, observed) ? record.current.version : undefined,
    gone: record.older
      .map(({ version }) => version)
      .filter((version) => !isWanted(record, version) && !isLeft(version)),
    isGone: record.state === 'removed' && observed.length === 0,
    failure: failureOf(record, wanted, observed, memory.failures),
  };
}

/** What is there and not wanted is added to `observed`; returns the keys of those to go whose version is wanted. */
function retire(
  record: AppRecord,
  instances: Instances,
  wanted: readonly PlannedReplica[],
  observed: HostedReplica[],
  retirement: Retirement,
  put: Put,
): ReadonlySet<string> {
  const leaving = new Set<string>();
  const isExpected = new Set(wanted.map(({ key }) => key));
  for (const [key, present] of instances) {
    if (isExpected.has(key)) continue;
    const active = activeInstance(present, undefined);
    if (active !== undefined) observed.push(active.replica);
    for (const instance of present) {
      if (!isLive(instance.replica)) continue;
      const ofWantedVersion = isWanted(record, instance.replica.version);
      if (ofWantedVersion) leaving.add(key);
      const replica = retirement.planned(instance, record);
      if (replica !== undefined && retirement.keeps(instance, record, !ofWantedVersion))
        put(instance.host.host, replica);
    }
  }
  return leaving;
}

function unplacedOf(
  wanted: readonly PlannedReplica[],
  choices: ReadonlyMap<string, Choice>,
): readonly UnplacedReplica[] {
  return wanted.flatMap(({ key, placement: { version, group, replica } }) => {
    const choice = choices.get(key);
    if (choice === undefined || choice.kind === 'stays' || choice.kind === 'placed') return [];
    const heldOn = choice.kind === 'held' ? choice.host : undefined;
    return [{ version, group, replica, heldOn, reason: choice.reason }];
  });
}
