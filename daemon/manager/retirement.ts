import type { AppRecord, Deployment } from './app-record.js';
import { callersOf } from './drain-order.js';
import { type FleetView, type Instance, isLive } from './fleet-view.js';
import { layoutFor, type PlannedReplica } from './layout.js';
import { formatReplica } from './replica-key.js';

/** A replica that is to go has left routing and ingress for so long before it is asked to drain. */
export const SETTLE_MS = 300;
/** An ingress that does not confirm its routes holds a drain up for no longer. */
export const MAX_SETTLE_MS = 5000;

/** Of replicas that are to go: which stay placed a while longer. */
export class Retirement {
  readonly leavingSince = new Map<string, number>();
  /** When the next one may be asked to drain, Unix ms. */
  wakeAt: number | undefined;
  readonly #fleet: FleetView;
  readonly #before: ReadonlyMap<string, number>;
  readonly #now: number;
  readonly #callers = new Map<Deployment, ReadonlyMap<string, ReadonlySet<string>>>();
  readonly #liveGroups = new Map<string, Map<string, Set<string>>>();

  constructor(fleet: FleetView, leavingSince: ReadonlyMap<string, number>, now: number) {
    this.#fleet = fleet;
    this.#before = leavingSince;
    this.#now = now;
  }

  /** Undefined when it can be none of its version, or its version is not known. */
  planned({ replica }: Instance, record: AppRecord): PlannedReplica | undefined {
    const deployment = deploymentOf(record, replica.version);
    return deployment && layoutFor(deployment).named(replica.group, replica.replica);
  }

  /**
   * Until its last request is answered, within its grace; and, where order matters, while anything lives that calls it.
   * What drains already, or has no process, goes at once.
   */
  keeps(instance: Instance, record: AppRecord, inOrder: boolean): boolean {
    const { host, replica } = instance;
    const deployment = deploymentOf(record, replica.version);
    if (deployment === undefined || !isLive(replica) || replica.state === 'draining') return false;
    const key = formatReplica(replica);
    const id = `${key}@${host.host}`;
    const since = this.#before.get(id) ?? this.#now;
    this.leavingSince.set(id, since);
    if (inOrder && this.#hasLiveCallers(record.app, deployment, replica.group)) return true;
    const until = since + this.#settleMs(key, deployment);
    if (this.#now >= until) return false;
    this.wakeAt = Math.min(this.wakeAt ?? until, until);
    return true;
  }

  #settleMs(key: string, { manifest }: Deployment): number {
    if (this.#fleet.answering.has(key)) return manifest.shutdown.grace;
    return this.#fleet.routesApplied ? SETTLE_MS : MAX_SETTLE_MS;
  }

  #hasLiveCallers(app: string, deployment: Deployment, group: string): boolean {
    let callers = this.#callers.get(deployment);
    if (callers === undefined) {
      callers = callersOf(deployment.description, layoutFor(deployment).groups);
      this.#callers.set(deployment, callers);
    }
    if (this.#fleet.unreported !== undefined) return true; // they may be there
    const live = this.#liveGroupsOf(app).get(deployment.version);
    for (const caller of callers.get(group) ?? []) if (live?.has(caller)) return true;
    return false;
  }

  /** By version. */
  #liveGroupsOf(app: string): ReadonlyMap<string, ReadonlySet<string>> {
    const known = this.#liveGroups.get(app);
    if (known !== undefined) return known;
    const live = new Map<string, Set<string>>();
    this.#liveGroups.set(app, live);
    for (const { version, group, numbered, others } of this.#fleet.instancesOf(app).groups()) {
      if (![...numbered.flat(), ...others].some((each) => each !== undefined && isLive(each.replica)))
        continue;
      const groups = live.get(version);
      if (groups === undefined) live.set(version, new Set([group]));
      else groups.add(group);
    }
    return live;
  }
}

function deploymentOf(record: AppRecord, version: string): Deployment | undefined {
  return [record.current, ...record.older].find((deployment) => deployment.version === version);
}
