/** `suspect`: not heard of lately; `dead`: for so long that its replicas run elsewhere; `left`: it said good-bye. */
export type HostStatus = 'alive' | 'suspect' | 'dead' | 'left';

/** What replicas may take of a host in all. */
export interface HostCapacity {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly maxReplicas: number;
}

/** What placement needs to know of a host. */
export interface PlacementHost {
  readonly host: string;
  readonly status: HostStatus;
  /** Its replicas are to run elsewhere. */
  readonly draining: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** The failure domain it shares with others; hosts without one share one. */
  readonly zone: string | undefined;
  readonly capacity: HostCapacity;
}

/** Of a host that has not said what it has. */
export const UNLIMITED: HostCapacity = {
  cpus: Number.POSITIVE_INFINITY,
  memoryBytes: Number.POSITIVE_INFINITY,
  maxReplicas: Number.POSITIVE_INFINITY,
};

/** What runs there counts. */
export function isPresent({ status }: Pick<PlacementHost, 'status'>): boolean {
  return status === 'alive' || status === 'suspect';
}

/** It may be given replicas that it has not. */
export function takesNew({ status, draining }: Pick<PlacementHost, 'status' | 'draining'>): boolean {
  return status === 'alive' && !draining;
}
