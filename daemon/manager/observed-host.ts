import type { PlacementHost } from '../placement/placement-host.js';
import type { HostedReplica } from './hosted-replica.js';

/** A host as membership and its newest report have it. */
export interface ObservedHost extends PlacementHost {
  /** This generation has said what it runs; until then nobody knows. */
  readonly reported: boolean;
  readonly replicas: readonly HostedReplica[];
  /** Its ingress serves by the newest routes. */
  readonly routesApplied: boolean;
  /** Replicas that left the routes and still answer requests of its ingress, by key. */
  readonly answering: ReadonlySet<string>;
}
