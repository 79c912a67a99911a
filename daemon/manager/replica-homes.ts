import { type Choice, type PlacementRequest, place } from '../placement/place.js';
import { NO_NEEDS, type ReplicaNeeds } from '../placement/replica-needs.js';
import type { AppRecord } from './app-record.js';
import { bestOf, type FleetView, hostRank, type Instance, isLive, isUp } from './fleet-view.js';
import { layoutFor } from './layout.js';
import type { PlanMemory } from './plan-memory.js';
import type { WantedReplicas } from './wanted-replicas.js';

export interface AppWants {
  readonly record: AppRecord;
  readonly wanted: readonly WantedReplicas[];
}

export interface Homes {
  readonly choices: ReadonlyMap<string, Choice>;
  /** The host of each replica that has one. */
  readonly places: ReadonlyMap<string, string>;
  readonly moving: ReadonlyMap<string, string>;
}

type Places = Pick<PlanMemory, 'places' | 'moving'>;

/** A host for each wanted replica. What serves already has room before what is to take over from it. */
export function replicaHomes(apps: readonly AppWants[], fleet: FleetView, memory: Places): Homes {
  const current = new Map<string, string>();
  const settled = new Map<string, Choice>();
  const groups: PlacementRequest['groups'][number][] = [];
  const later: typeof groups = [];
  const held: PlacementRequest['held'][number][] = [];

  for (const { record, wanted } of apps) {
    const instances = fleet.instancesOf(record.app);
    for (const { deployment, group, replicas } of wanted) {
      const toPlace: { readonly key: string }[] = [];
      for (const { key } of replicas) {
        const present = instances.get(key) ?? [];
        const isDone = present.find(({ replica }) => replica.state === 'completed');
        if (isDone !== undefined) {
          // It runs nothing that could move; elsewhere it would do all again.
          settled.set(key, { kind: 'stays', host: isDone.host.host });
          continue;
        }
        const host = currentPlace(key, present, fleet, memory);
        if (host !== undefined) current.set(key, host);
        else if (fleet.unreported !== undefined) {
          const reason = `waits until ${fleet.unreported} has reported what it runs`;
          settled.set(key, { kind: 'unplaced', reason });
          continue;
        }
        toPlace.push({ key });
      }
      const ofGroup = { needs: group.needs, replicas: toPlace };
      if (deployment.version === record.serving) groups.push(ofGroup);
      else later.push(ofGroup);
    }
    for (const [key, present] of instances)
      for (const instance of present)
        if (isLive(instance.replica) && instance.host.host !== current.get(key))
          held.push({ host: instance.host.host, needs: needsOf(instance, record) });
  }

  const choices = place({
    groups: [...groups, ...later],
    hosts: fleet.present,
    places: (key) => current.get(key),
    held,
  });
  return homesOf(settled.size === 0 ? choices : new Map([...choices, ...settled]), fleet, apps, memory);
}

/**
 * Where a replica is: of several instances the one that is remembered as the place, unless that is on a worse host or
 * is not up while another is that it does not just move away from.
 */
function currentPlace(
  key: string,
  instances: readonly Instance[],
  fleet: FleetView,
  { places, moving }: Places,
): string | undefined {
  const remembered = places.get(key);
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

function needsOf({ replica }: Instance, record: AppRecord): ReplicaNeeds {
  const deployment = [record.current, ...record.older].find(({ version }) => version === replica.version);
  if (deployment === undefined) return NO_NEEDS;
  return layoutFor(deployment).groups.find(({ name }) => name === replica.group)?.needs ?? NO_NEEDS;
}

function homesOf(
  choices: ReadonlyMap<string, Choice>,
  fleet: FleetView,
  apps: readonly AppWants[],
  memory: Places,
): Homes {
  const places = new Map<string, string>();
  const moving = new Map<string, string>();
  for (const { record, wanted } of apps) {
    const instances = fleet.instancesOf(record.app);
    for (const { replicas } of wanted)
      for (const { key } of replicas) {
        const choice = choices.get(key);
        if (choice === undefined || choice.kind === 'unplaced') continue;
        places.set(key, choice.host);
        const from = choice.kind === 'placed' ? choice.from?.host : memory.moving.get(key);
        if (from === undefined || from === choice.host) continue;
        const isThere = instances
          .get(key)
          ?.some(({ host, replica }) => host.host === from && isLive(replica));
        if (isThere) moving.set(key, from);
      }
  }
  return { choices, places, moving };
}
