import type { PlacementHost } from './placement-host.js';

/** `zone`: replicas of a group over zones, and within a zone over hosts; `host`: over hosts; `none`: where most is free. */
export type Spread = 'zone' | 'host' | 'none';

/** What each replica of a group needs of its host. */
export interface ReplicaNeeds {
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Labels that the host must have. */
  readonly labels: Readonly<Record<string, string>>;
  /** Never a reason not to run: where there are fewer zones or hosts than replicas, some share one. */
  readonly spread: Spread;
}

export const NO_NEEDS: ReplicaNeeds = { cpus: 0, memoryBytes: 0, labels: {}, spread: 'zone' };

export function hasLabels(host: Pick<PlacementHost, 'labels'>, labels: ReplicaNeeds['labels']): boolean {
  for (const name in labels) if (host.labels[name] !== labels[name]) return false;
  return true;
}

/** Such as `disk=ssd, gpu=true`. */
export function formatLabels(labels: ReplicaNeeds['labels']): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(', ');
}

/** The same for equal needs. */
export function needsKey({ cpus, memoryBytes, labels, spread }: ReplicaNeeds): string {
  return JSON.stringify([cpus, memoryBytes, spread, Object.entries(labels).sort()]);
}
