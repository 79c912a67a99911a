import type { KeyedStore } from '../bus/bus.js';
import { subjectToken } from '../bus/subjects.js';
import type { Deployment } from './app-record.js';
import type { Assignment } from './assignment.js';
import type { HostedReplica } from './hosted-replica.js';
import { isOwnershipKey } from './ownership/ownership-table.js';
import { formatVersion } from './replica-key.js';
import { balanceDueAt, type GrantsOf, NO_ROUTING, routeVersion, type VersionRouting } from './routing.js';
import { sameJson } from './same-json.js';

/** By app, version and component; of components whose keys have owners, by app and component (ownership/). */
export const ASSIGNMENTS_BUCKET = 'assignments';

/** The routing of every version; assignments are kept in the store, so that keys stay where they are over restarts. */
export class RoutingTable {
  readonly #store: KeyedStore;
  readonly #versions = new Map<string, VersionRouting>();
  /** As the store has them. */
  readonly #stored = new Map<string, Assignment>();
  #deployments: readonly Deployment[] = [];

  private constructor(store: KeyedStore) {
    this.#store = store;
  }

  static async open(store: KeyedStore): Promise<RoutingTable> {
    const table = new RoutingTable(store);
    for (const key of await store.keys()) {
      if (isOwnershipKey(key)) continue;
      const entry = await store.get(key);
      if (entry !== undefined) table.#stored.set(key, entry.value as Assignment);
    }
    return table;
  }

  route(
    deployment: Deployment,
    observed: readonly HostedReplica[],
    leaving: ReadonlySet<string>,
    nextEpoch: () => number,
    now: number,
    grantsOf: GrantsOf,
  ): VersionRouting {
    const version = versionOf(deployment);
    const previous = this.#versions.get(version) ?? this.#remembered(deployment);
    const next = routeVersion(deployment, observed, leaving, previous, nextEpoch, now, grantsOf);
    this.#versions.set(version, next);
    return next;
  }

  /** Forgets all versions but those. */
  retain(deployments: readonly Deployment[]): void {
    this.#deployments = deployments;
    const versions = new Set(deployments.map(versionOf));
    for (const version of this.#versions.keys()) if (!versions.has(version)) this.#versions.delete(version);
  }

  /** Of the first routing of a component that there was since the table was opened; undefined before it. */
  firstEpochOf(app: string, version: string, component: string): number | undefined {
    return this.#versions.get(formatVersion({ app, version }))?.firstEpochs.get(component);
  }

  /** The newest of a version; undefined before it was routed. */
  of(deployment: Deployment): VersionRouting | undefined {
    return this.#versions.get(versionOf(deployment));
  }

  /** When slices are to be balanced though nothing else changes, Unix ms. */
  get balanceDueAt(): number | undefined {
    const due = this.#deployments.flatMap((deployment) => {
      const routing = this.of(deployment);
      return routing === undefined ? [] : (balanceDueAt(deployment, routing) ?? []);
    });
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** Brings the store up to date. Rejects with its BusError; the next call tries again. */
  async save(): Promise<void> {
    const wanted = new Map<string, Assignment>();
    for (const deployment of this.#deployments)
      for (const [component, assignment] of this.#versions.get(versionOf(deployment))?.assignments ?? [])
        wanted.set(keyOf(deployment, component), assignment);
    for (const [key, assignment] of wanted) {
      if (sameJson(this.#stored.get(key), assignment)) continue;
      await this.#store.put(key, assignment);
      this.#stored.set(key, assignment);
    }
    for (const key of [...this.#stored.keys()]) {
      if (wanted.has(key)) continue;
      await this.#store.delete(key);
      this.#stored.delete(key);
    }
  }

  #remembered(deployment: Deployment): VersionRouting {
    const assignments = new Map<string, Assignment>();
    for (const { name } of deployment.description.components) {
      const stored = this.#stored.get(keyOf(deployment, name));
      if (stored !== undefined) assignments.set(name, stored);
    }
    return { ...NO_ROUTING, assignments };
  }
}

function versionOf({ description, version }: Deployment): string {
  return formatVersion({ app: description.app, version });
}

function keyOf({ description, version }: Deployment, component: string): string {
  return [description.app, version, component].map(subjectToken).join('/');
}
