import { isPresent } from '../placement/placement-host.js';
import type { HostedReplica } from './hosted-replica.js';
import type { ObservedHost } from './observed-host.js';
import { formatReplica } from './replica-key.js';

/** A replica on one host; while it moves, or when a host came back, there are several of one key. */
export interface Instance {
  readonly key: string;
  readonly host: ObservedHost;
  readonly replica: HostedReplica;
}

/** By key, in the order in which the hosts have them. */
export type Instances = ReadonlyMap<string, readonly Instance[]>;

const NONE: Instances = new Map();

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
  readonly #apps: ReadonlyMap<string, Instances>;

  constructor(hosts: readonly ObservedHost[]) {
    this.present = hosts.filter(isPresent);
    this.routesApplied = this.present.every(({ routesApplied }) => routesApplied);
    this.answering = new Set(this.present.flatMap(({ answering }) => [...answering]));
    this.unreported = this.present.find(({ status, reported }) => status === 'alive' && !reported)?.host;
    this.#byName = new Map(this.present.map((host) => [host.host, host]));
    this.#apps = instancesByApp(this.present);
  }

  instancesOf(app: string): Instances {
    return this.#apps.get(app) ?? NONE;
  }

  /** Undefined when it is not present. */
  host(name: string): ObservedHost | undefined {
    return this.#byName.get(name);
  }
}

function instancesByApp(hosts: readonly ObservedHost[]): ReadonlyMap<string, Instances> {
  const apps = new Map<string, Map<string, Instance[]>>();
  for (const host of hosts)
    for (const replica of host.replicas) {
      let ofApp = apps.get(replica.app);
      if (ofApp === undefined) {
        ofApp = new Map();
        apps.set(replica.app, ofApp);
      }
      const key = formatReplica(replica);
      const instance = { key, host, replica };
      const known = ofApp.get(key);
      if (known === undefined) ofApp.set(key, [instance]);
      else known.push(instance);
    }
  return apps;
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
