import { isOwned } from '../../sdk/protocol/app-description.js';
import type { Deployment } from './app-record.js';
import type { HostedReplica } from './hosted-replica.js';
import { type Balancing, DEFAULT_BALANCING } from './slicer/balancing.js';
import type { ReplicaKeyLoad } from './slicer/measured-slices.js';

/** Keys of an owned component have one owner each, whatever the manifest says. */
export function balancingOf({ manifest, description }: Deployment, component: string): Balancing {
  const balancing = manifest.components[component]?.balancing ?? DEFAULT_BALANCING;
  const described = description.components.find(({ name }) => name === component);
  return described !== undefined && isOwned(described) ? { ...balancing, maxOwners: 1 } : balancing;
}

/** What the replicas report of a component, if anything. */
export function keyLoads(component: string, replicas: readonly HostedReplica[]): readonly ReplicaKeyLoad[] {
  return replicas.flatMap(({ replica, load }) => {
    const keys = load?.keys?.find((each) => each.component === component);
    return keys === undefined ? [] : [{ replica, keys }];
  });
}
