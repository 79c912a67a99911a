import type { PublishedReplica, PublishedRouting } from '../host/host-messages.js';
import type { Deployment } from './app-record.js';
import type { Assignment } from './assignment.js';
import { groupsOf } from './groups.js';
import type { HostedReplica } from './hosted-replica.js';
import { formatReplica } from './replica-key.js';
import { type Balancing, DEFAULT_BALANCING } from './slicer/balancing.js';
import type { ReplicaKeyLoad } from './slicer/measured-slices.js';
import { nextAssignment } from './slicer/next-assignment.js';

/** The newest routing of one version, as it was published. */
export interface VersionRouting {
  /** The highest of its components' epochs. */
  readonly epoch: number;
  readonly components: ReadonlyMap<string, PublishedRouting>;
  /** Of the routed components; kept in the store. */
  readonly assignments: ReadonlyMap<string, Assignment>;
  /** Of the routed components that have load: when their slices were balanced, Unix ms. */
  readonly balancedAt: ReadonlyMap<string, number>;
}

export const NO_ROUTING: VersionRouting = {
  epoch: 0,
  components: new Map(),
  assignments: new Map(),
  balancedAt: new Map(),
};

/**
 * The routing of a version from what is observed. A component's entry changes, with a new epoch, only when its
 * replicas or slices do; while a replica of it is being adopted it stays as it was, or absent, so that its callers
 * keep what they have from before the daemon's restart. Slices are balanced when the replicas change, and once in the
 * component's interval. Returns `previous` itself when nothing changed.
 */
export function routeVersion(
  deployment: Deployment,
  observed: readonly HostedReplica[],
  leaving: ReadonlySet<string>,
  previous: VersionRouting,
  nextEpoch: () => number,
  now: number,
): VersionRouting {
  const components = new Map(previous.components);
  const assignments = new Map(previous.assignments);
  const balancedAt = new Map(previous.balancedAt);
  let isRebalanced = false;
  let epoch = previous.epoch;
  const ofVersion = observed.filter(({ version }) => version === deployment.version);
  const routed = new Set(
    deployment.description.components
      .filter(({ methods }) => methods.some((method) => method.routed))
      .map(({ name }) => name),
  );

  const balanced = (
    component: string,
    ofGroup: readonly HostedReplica[],
    replicas: readonly PublishedReplica[],
  ): Assignment => {
    const current = assignments.get(component);
    const names = replicas.map(({ replica }) => replica);
    const reports = keyLoads(component, ofGroup);
    if (reports.length === 0 && balancedAt.delete(component)) isRebalanced = true;
    const balancing = balancingOf(deployment, component);
    const known = components.get(component)?.replicas.map(({ replica }) => replica);
    const isDue = reports.length > 0 && now >= (balancedAt.get(component) ?? 0) + balancing.interval;
    if (current !== undefined && !isDue && sameJson(known, names)) return current;
    if (reports.length > 0) balancedAt.set(component, now);
    const next = nextAssignment(current, names, reports, balancing);
    assignments.set(component, next);
    isRebalanced = true;
    return next;
  };

  for (const group of groupsOf(deployment.description, deployment.manifest)) {
    const ofGroup = ofVersion.filter((replica) => replica.group === group.name);
    if (ofGroup.some(({ state }) => state === 'adopting')) continue;
    const replicas = routable(ofGroup, leaving);
    for (const component of group.components) {
      const before = components.get(component);
      const assignment = routed.has(component) ? balanced(component, ofGroup, replicas) : undefined;
      const slices =
        assignment === undefined || replicas.length === 0 ? undefined : toSlices(assignment, replicas);
      if (before !== undefined && sameJson([before.replicas, before.assignment], [replicas, slices]))
        continue;
      epoch = nextEpoch();
      components.set(component, { component, epoch, replicas, assignment: slices });
    }
  }
  if (epoch === previous.epoch && !isRebalanced) return previous;
  return { epoch, components, assignments, balancedAt };
}

/** When slices of the version are to be balanced though nothing else changes, Unix ms; undefined without load. */
export function balanceDueAt(deployment: Deployment, { balancedAt }: VersionRouting): number | undefined {
  const due = [...balancedAt].map(([component, at]) => at + balancingOf(deployment, component).interval);
  return due.length === 0 ? undefined : Math.min(...due);
}

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

/** Those that serve; of a version that is being retired, the draining ones when no other is left. */
function routable(
  replicas: readonly HostedReplica[],
  leaving: ReadonlySet<string>,
): readonly PublishedReplica[] {
  const staying = replicas.filter((replica) => !leaving.has(formatReplica(replica)));
  const serving = staying.filter(({ state }) => state === 'serving');
  const chosen = serving.length > 0 ? serving : staying.filter(({ state }) => state === 'draining');
  return chosen
    .flatMap(({ replica, group, generation, host, address, remoteAddress }) =>
      address === undefined ? [] : [{ replica, group, generation, host, address, remoteAddress }],
    )
    .sort((a, b) => (a.replica < b.replica ? -1 : 1));
}

/** As callers look them up: neighbours of one owner are one. */
function toSlices(
  assignment: Assignment,
  replicas: readonly PublishedReplica[],
): { readonly starts: readonly number[]; readonly owners: readonly number[] } {
  const indexOf = new Map(replicas.map(({ replica }, index) => [replica, index]));
  const starts: number[] = [];
  const owners: number[] = [];
  for (const [index, name] of assignment.owners.entries()) {
    const owner = indexOf.get(name) ?? 0;
    if (owners.at(-1) === owner) continue;
    starts.push(assignment.starts[index] ?? 0);
    owners.push(owner);
  }
  return { starts, owners };
}

export function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
