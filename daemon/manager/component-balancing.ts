import type { Deployment } from './app-record.js';
import type { HostedReplica } from './hosted-replica.js';
import { type Balancing, DEFAULT_BALANCING } from './slicer/balancing.js';
import type { ReplicaKeyLoad } from './slicer/measured-slices.js';

export function balancingOf({ manifest }: Deployment, component: string): Balancing {
  return manifest.components[component]?.balancing ?? DEFAULT_BALANCING;
}

/** What the replicas report of a component, if anything. */
export function keyLoads(component: string, replicas: readonly HostedReplica[]): readonly ReplicaKeyLoad[] {
  return replicas.flatMap(({ replica, load }) => {
    const keys = load?.keys?.find((each) => each.component === component);
    return keys === undefined ? [] : [{ replica, keys }];
  });
}
