import { type Choice, type PlacementRequest, place } from '../placement/place.js';
import { NO_NEEDS, type ReplicaNeeds } from '../placement/replica-needs.js';
import type { AppRecord } from './app-record.js';
import {
  bestOf,
  type FleetView,
  type GroupInstances,
  hostRank,
  type Instance,
  isLive,
  isUp,
} from './fleet-view.js';
import { layoutFor } from './layout.js';
import type { PlanMemory } from './plan-memory.js';
import type { WantedReplicas } from './wanted-replicas.js';

export interface AppWants {
  readonly record: AppRecord;
  readonly wanted: readonly WantedReplicas[];
}

/** Of one group. */
export interface Homes {
  /** One for each replica, in order. */
  readonly choices: readonly Choice[];
  /** The host of each replica that has one. */
  readonly places: readonly (string | undefined)[];
}

export interface FleetHomes {
  readonly groups: ReadonlyMap<WantedReplicas, Homes>;
  /** By the replica's key. */
  readonly moving: ReadonlyMap<string, string>;
}

type Places = Pick<PlanMemory, 'places' | 'moving'>;

/** A host for each wanted replica. What serves already has room before what is to take over from it. */
export function replicaHomes(apps: readonly AppWants[], fleet: FleetView, memory: Places): FleetHomes {
  const first: OpenGroup[] = [];
  const later: OpenGroup[] = [];
  const held: PlacementRequest['held'][number][] = [];
  for (const { record, wanted } of apps) {
    const instances = fleet.instancesOf(record.app);
    const current = new Map<GroupInstances, readonly (string | undefined)[]>();
    for (const each of wanted) {
      const found = instances.group(each.deployment.version, each.group.name);
      const group = openGroup(each, found, fleet, memory);
      if (found !== undefined) current.set(found, group.places);
      if (each.deployment.version === record.serving) first.push(group);
      else later.push(group);
    }
    for (const found of instances.groups()) held.push(...heldBy(found, current.get(found), record));
  }

  const open = [...first, ...later];
  const placed = place({
    groups: open.map(({ wanted, places, settled }) => ({
      needs: wanted.group.needs,
      places: settled.size === 0 ? places : places.filter((_, index) => !settled.has(index)),
    })),
    hosts: fleet.present,
    held,
  });
  const groups = new Map<WantedReplicas, Homes>();
  const moving = new Map<string, string>();
  for (const [at, group] of open.entries()) {
    const choices = withSettled(placed[at] ?? [], group.settled);
    const places = choices.map((choice) => (choice.kind === 'unplaced' ? undefined : choice.host));
    groups.set(group.wanted, { choices, places });
    noteMoves(group, choices, memory, moving);
  }
  return { groups, moving };
}

interface OpenGroup {
  readonly wanted: WantedReplicas;
  readonly found: GroupInstances | undefined;
  /** Where each is now. */
  readonly places: readonly (string | undefined)[];
  /** What is not for placement to decide, by index. */
  readonly settled: ReadonlyMap<number, Choice>;
}

function openGroup(
  wanted: WantedReplicas,
  found: GroupInstances | undefined,
  fleet: FleetView,
  memory: Places,
): OpenGroup {
  const remembered = memory.places.get(wanted.key);
  const settled = new Map<number, Choice>();
  const places = wanted.replicas.map(({ key }, index) => {
    const present = found?.numbered[index] ?? [];
    const done = present.find(({ replica }) => replica.state === 'completed')?.host.host;
    // It runs nothing that could move; elsewhere it would do all again.
    if (done !== undefined) settled.set(index, { kind: 'stays', host: done });
    const host = done ?? currentPlace(key, present, remembered?.[index], fleet, memory);
    if (host === undefined && fleet.unreported !== undefined) {
      const reason = `waits until ${fleet.unreported} has reported what it runs`;
      settled.set(index, { kind: 'unplaced', reason });
    }
    return host;
  });
  return { wanted, found, places, settled };
}

/** What lives and takes room beside the replicas at their places. */
function heldBy(
  { numbered, others, version, group }: GroupInstances,
  places: readonly (string | undefined)[] | undefined,
  record: AppRecord,
): PlacementRequest['held'] {
  const surplus: Instance[] = others.filter(({ replica }) => isLive(replica));
  for (const [index, present] of numbered.entries())
    for (const instance of present ?? [])
      if (instance.host.host !== places?.[index] && isLive(instance.replica)) surplus.push(instance);
  if (surplus.length === 0) return [];
  const needs = needsOf(version, group, record);
  return surplus.map(({ host }) => ({ host: host.host, needs }));
}

function withSettled(placed: readonly Choice[], settled: ReadonlyMap<number, Choice>): readonly Choice[] {
  if (settled.size === 0) return placed;
  const choices: Choice[] = [];
  let next = 0;
  for (let index = 0; index < placed.length + settled.size; index++) {
    const choice = settled.get(index) ?? placed[next++];
    if (choice !== undefined) choices.push(choice);
  }
  return choices;
}

function noteMoves(
  { wanted, found }: OpenGroup,
  choices: readonly Choice[],
  memory: Places,
  moving: Map<string, string>,
): void {
  for (const [index, { key }] of wanted.replicas.entries()) {
    const choice = choices[index];
    if (choice === undefined || choice.kind === 'unplaced') continue;
    const before = memory.moving.size === 0 ? undefined : memory.moving.get(key);
    const from = choice.kind === 'placed' ? choice.from?.host : before;
    if (from === undefined || from === choice.host) continue;
    const isThere = found?.numbered[index]?.some(
      ({ host, replica }) => host.host === from && isLive(replica),
    );
    if (isThere) moving.set(key, from);
  }
}

/**
 * Where a replica is: of several instances the one that is remembered as the place, unless that is on a worse host or
 * is not up while another is that it does not just move away from.
 */
function currentPlace(
  key: string,
  instances: readonly Instance[],
  remembered: string | undefined,
  fleet: FleetView,
  { moving }: Places,
): string | undefined {
  const [only] = instances;
  if (only === undefined || (instances.length === 1 && only.host.host === remembered)) return remembered;
  const place = remembered === undefined ? undefined : fleet.host(remembered);
  if (place === undefined) return bestOf(instances)?.host.host;
  const here = instances.find(({ host }) => host === place);
  const others = instances.filter(({ host }) => host !== place && host.host !== moving.get(key));
  const other = bestOf(others.filter(({ replica }) => isUp(replica)));
  if (other === undefined) return remembered;
  const rank = hostRank(other.host) - hostRank(place);
  if (rank !== 0) return rank < 0 ? other.host.host : remembered;
  return here !== undefined && isUp(here.replica) ? remembered : other.host.host;
}

function needsOf(version: string, group: string, record: AppRecord): ReplicaNeeds {
  const deployment = [record.current, ...record.older].find((each) => each.version === version);
  if (deployment === undefined) return NO_NEEDS;
  return layoutFor(deployment).groups.find(({ name }) => name === group)?.needs ?? NO_NEEDS;
}
