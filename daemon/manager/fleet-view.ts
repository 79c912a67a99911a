import { isPresent } from '../placement/placement-host.js';
import type { HostedReplica } from './hosted-replica.js';
import type { ObservedHost } from './observed-host.js';

/** A replica on one host; while it moves, or when a host came back, there are several of one name. */
export interface Instance {
  readonly host: ObservedHost;
  readonly replica: HostedReplica;
}

/** What there is of one group of a version. */
export interface GroupInstances {
  readonly version: string;
  readonly group: string;
  /** By the number in the replica's name. */
  readonly numbered: (Instance[] | undefined)[];
  /** Those with names that the group gives to none. */
  readonly others: Instance[];
}

/** A group has no more replicas; the manifest's bound. */
const MAX_REPLICAS = 1000;

/** By version and group: a lookup by each replica's name would take most of the time of a plan for a large fleet. */
export class AppInstances {
  readonly #versions = new Map<string, Map<string, GroupInstances>>();

  group(version: string, group: string): GroupInstances | undefined {
    return this.#versions.get(version)?.get(group);
  }

  groups(): readonly GroupInstances[] {
    return [...this.#versions.values()].flatMap((groups) => [...groups.values()]);
  }

  add(instance: Instance): void {
    const { version, group, replica } = instance.replica;
    const { numbered, others } = this.#make(version, group);
    const index = numberOf(group, replica);
    if (index === undefined) others.push(instance);
    else {
      const known = numbered[index];
      if (known === undefined) numbered[index] = [instance];
      else known.push(instance);
    }
  }

  #make(version: string, group: string): GroupInstances {
    let groups = this.#versions.get(version);
    if (groups === undefined) {
      groups = new Map();
      this.#versions.set(version, groups);
    }
    let found = groups.get(group);
    if (found === undefined) {
      found = { version, group, numbered: [], others: [] };
      groups.set(group, found);
    }
    return found;
  }
}

/** The 7 of `Cart-7` in the group `Cart`. */
function numberOf(group: string, replica: string): number | undefined {
  const start = group.length + 1;
  if (replica.length <= start || replica.length > start + 4 || !replica.startsWith(group)) return undefined;
  let number = 0;
  for (let at = start; at < replica.length; at++) {
    const digit = replica.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  const isPlain = replica[start - 1] === '-' && (replica[start] !== '0' || replica.length === start + 1);
  return isPlain && number < MAX_REPLICAS ? number : undefined;
}

const NONE = new AppInstances();

/** What is observed, looked through once. Hosts that are dead or have left run nothing. */
export class FleetView {
  readonly present: readonly ObservedHost[];
  /** Every ingress serves by the newest routes. */
  readonly routesApplied: boolean;
  /** Keys of replicas that still answer requests of an ingress. */
  readonly answering: ReadonlySet<string>;
  /** A host that is alive and has not said yet what it runs. */
  readonly unreported: string | undefined;
  readonly #byName: ReadonlyMap<string, ObservedHost>;
  readonly #apps = new Map<string, AppInstances>();

  constructor(hosts: readonly ObservedHost[]) {
    this.present = hosts.filter(isPresent);
    this.routesApplied = this.present.every(({ routesApplied }) => routesApplied);
    this.answering = new Set(this.present.flatMap(({ answering }) => [...answering]));
    this.unreported = this.present.find(({ status, reported }) => status === 'alive' && !reported)?.host;
    this.#byName = new Map(this.present.map((host) => [host.host, host]));
    for (const host of this.present)
      for (const replica of host.replicas) {
        let app = this.#apps.get(replica.app);
        if (app === undefined) {
          app = new AppInstances();
          this.#apps.set(replica.app, app);
        }
        app.add({ host, replica });
      }
  }

  instancesOf(app: string): AppInstances {
    return this.#apps.get(app) ?? NONE;
  }

  /** Undefined when it is not present. */
  host(name: string): ObservedHost | undefined {
    return this.#byName.get(name);
  }
}

/** It has a process that may hold work. */
export function isLive({ state }: HostedReplica): boolean {
  return state === 'starting' || state === 'adopting' || state === 'serving' || state === 'draining';
}

/** It serves, or has done all it was to do, or did so when a daemon's restart began. */
export function isUp({ state }: HostedReplica): boolean {
  return state === 'serving' || state === 'completed' || state === 'adopting';
}

/**
 * The one of several that counts: that is routed to, and whose state is the replica's. The one at `home` unless that
 * is not up yet and another is, so that a replica that moves serves until it serves elsewhere.
 */
export function activeInstance(
  instances: readonly Instance[],
  home: string | undefined,
): Instance | undefined {
  const atHome = instances.find(({ host }) => host.host === home);
  if (atHome !== undefined && (instances.length === 1 || isUp(atHome.replica))) return atHome;
  return bestOf(instances.filter(({ replica }) => isUp(replica))) ?? atHome ?? bestOf(instances);
}

/** On a host that is alive rather than suspect, and that is to stay; then the one that is up; then the oldest. */
export function bestOf(instances: readonly Instance[]): Instance | undefined {
  return instances.reduce<Instance | undefined>(
    (best, each) => (best === undefined || isBetter(each, best) ? each : best),
    undefined,
  );
}

function isBetter(a: Instance, b: Instance): boolean {
  const byHost = hostRank(a.host) - hostRank(b.host);
  if (byHost !== 0) return byHost < 0;
  if (isUp(a.replica) !== isUp(b.replica)) return isUp(a.replica);
  const byAge = startOf(a.replica) - startOf(b.replica);
  return byAge === 0 ? a.host.host < b.host.host : byAge < 0;
}

export function hostRank({ status, draining }: ObservedHost): number {
  return (status === 'alive' ? 0 : 1) + (draining ? 2 : 0);
}

function startOf({ startedAt }: HostedReplica): number {
  return startedAt ?? Number.MAX_SAFE_INTEGER;
}
