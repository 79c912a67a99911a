import type { Placement } from '../host/host-messages.js';
import type { Choice } from '../placement/place.js';
import { type AppRecord, isWanted } from './app-record.js';
import { failureOf, mayShift } from './deployment-progress.js';
import { type AppInstances, activeInstance, FleetView, type GroupInstances, isLive } from './fleet-view.js';
import type { HostedReplica } from './hosted-replica.js';
import type { PlannedReplica } from './layout.js';
import type { ObservedHost } from './observed-host.js';
import type { PlanMemory } from './plan-memory.js';
import { type AppWants, type FleetHomes, replicaHomes } from './replica-homes.js';
import { deploymentKey, formatReplica } from './replica-key.js';
import { Retirement } from './retirement.js';
import { type WantedReplicas, wantedReplicas } from './wanted-replicas.js';

/** A wanted replica that runs nowhere, or not where it should, and why. */
export interface UnplacedReplica {
  readonly version: string;
  readonly group: string;
  readonly replica: string;
  /** It runs here meanwhile. */
  readonly heldOn: string | undefined;
  readonly reason: string;
}

/** One group of a wanted version: how many replicas, where, and why. */
export interface GroupPlan {
  readonly version: string;
  readonly group: string;
  readonly replicas: readonly PlannedReplica[];
  /** Why so many. */
  readonly explanation: string;
  /** For each replica where it goes and why, in order. */
  readonly choices: readonly Choice[];
}

export interface AppPlan {
  readonly record: AppRecord;
  /** Of the wanted versions. */
  readonly groups: readonly GroupPlan[];
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
  if (fleet.present.length === 0) return { placements: new Map(), apps: [], memory, wakeAt: undefined };
  const apps = records.map((record) => ({
    record,
    wanted: wantedReplicas(record, fleet.instancesOf(record.app), memory, now),
  }));
  const { groups: homes, moving } = replicaHomes(apps, fleet, memory);

  const placements = new Map<string, Placement[]>(
    fleet.present.filter(({ reported }) => reported).map(({ host }) => [host, []]),
  );
  const put: Put = (host, { placement }) => placements.get(host)?.push(placement);
  const retirement = new Retirement(fleet, memory.leavingSince, now);
  const planned = apps.map((app) => planApp(app, fleet, homes, retirement, put, memory));

  const wanted = apps.flatMap((app) => app.wanted);
  const scales = wanted.flatMap(({ key, scale }) => (scale === undefined ? [] : [[key, scale] as const]));
  const failures = planned.flatMap(({ record, failure }) =>
    failure === undefined ? [] : [[deploymentKey(record), failure] as const],
  );
  return {
    placements,
    apps: planned,
    memory: {
      leavingSince: retirement.leavingSince,
      failures: new Map(failures),
      places: new Map(wanted.map((group) => [group.key, homes.get(group)?.places ?? []])),
      moving,
      scales: new Map(scales),
    },
    wakeAt: retirement.wakeAt,
  };
}

type Put = (host: string, replica: PlannedReplica) => void;

function planApp(
  { record, wanted }: AppWants,
  fleet: FleetView,
  homes: FleetHomes['groups'],
  retirement: Retirement,
  put: Put,
  memory: PlanMemory,
): AppPlan {
  const instances = fleet.instancesOf(record.app);
  const observed: HostedReplica[] = [];
  for (const group of wanted) {
    const { numbered } = instances.group(group.deployment.version, group.group.name) ?? NOTHING;
    const places = homes.get(group)?.places ?? [];
    for (const [index, replica] of group.replicas.entries()) {
      const home = places[index];
      if (home !== undefined) put(home, replica);
      const present = numbered[index] ?? [];
      const active = activeInstance(present, home);
      if (active === undefined) continue;
      observed.push(active.replica);
      if (active.host.host !== home) put(active.host.host, replica);
      if (present.length === 1) continue;
      for (const instance of present)
        if (instance !== active && instance.host.host !== home && retirement.keeps(instance, record, false))
          put(instance.host.host, replica);
    }
  }
  const leaving = retire(record, instances, wanted, observed, retirement, put);
  const groups = wanted.map((group) => ({
    version: group.deployment.version,
    group: group.group.name,
    replicas: group.replicas,
    explanation: group.explanation,
    choices: homes.get(group)?.choices ?? [],
  }));
  const isLeft = (version: string) => observed.some((replica) => replica.version === version);
  return {
    record,
    groups,
    observed,
    unplaced: groups.flatMap(unplacedOf),
    leaving,
    shiftTo: mayShift(record, groups, observed) ? record.current.version : undefined,
    gone: record.older
      .map(({ version }) => version)
      .filter((version) => !isWanted(record, version) && !isLeft(version)),
    isGone: record.state === 'removed' && observed.length === 0,
    failure: failureOf(record, groups, observed, memory.failures),
  };
}

const NOTHING: Pick<GroupInstances, 'numbered'> = { numbered: [] };

/** What is there and not wanted is added to `observed`; returns the keys of those to go whose version is wanted. */
function retire(
  record: AppRecord,
  instances: AppInstances,
  wanted: readonly WantedReplicas[],
  observed: HostedReplica[],
  retirement: Retirement,
  put: Put,
): ReadonlySet<string> {
  const leaving = new Set<string>();
  for (const { version, group, numbered, others } of instances.groups()) {
    const expected = wanted.find((each) => each.deployment.version === version && each.group.name === group);
    const ofWantedVersion = isWanted(record, version);
    const surplus = [...numbered.slice(expected?.replicas.length ?? 0), ...others.map((each) => [each])];
    for (const present of surplus) {
      if (present === undefined) continue;
      const active = activeInstance(present, undefined);
      if (active === undefined) continue;
      observed.push(active.replica);
      for (const instance of present) {
        if (!isLive(instance.replica)) continue;
        if (ofWantedVersion) leaving.add(formatReplica(instance.replica));
        const replica = retirement.planned(instance, record);
        if (replica !== undefined && retirement.keeps(instance, record, !ofWantedVersion))
          put(instance.host.host, replica);
      }
    }
  }
  return leaving;
}

function unplacedOf({ version, group, replicas, choices }: GroupPlan): readonly UnplacedReplica[] {
  return replicas.flatMap(({ placement: { replica } }, index) => {
    const choice = choices[index];
    if (choice === undefined || choice.kind === 'stays' || choice.kind === 'placed') return [];
    const heldOn = choice.kind === 'held' ? choice.host : undefined;
    return [{ version, group, replica, heldOn, reason: choice.reason }];
  });
}
