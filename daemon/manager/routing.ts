import type { PublishedReplica, PublishedRouting } from '../host/host-messages.js';
import type { Deployment } from './app-record.js';
import { type Assignment, assign } from './assignment.js';
import { groupsOf } from './groups.js';
import type { HostedReplica } from './hosted-replica.js';
import { formatReplica } from './replica-key.js';

/** The newest routing of one version, as it was published. */
export interface VersionRouting {
  /** The highest of its components' epochs. */
  readonly epoch: number;
  readonly components: ReadonlyMap<string, PublishedRouting>;
  /** Of the routed components; kept in the store. */
  readonly assignments: ReadonlyMap<string, Assignment>;
}

export const NO_ROUTING: VersionRouting = { epoch: 0, components: new Map(), assignments: new Map() };

/**
 * The routing of a version from what is observed. A component's entry changes, with a new epoch, only when its
 * replicas or slices do; while a replica of it is being adopted it stays as it was, or absent, so that its callers
 * keep what they have from before the daemon's restart. Returns `previous` itself when nothing changed.
 */
export function routeVersion(
  deployment: Deployment,
  observed: readonly HostedReplica[],
  leaving: ReadonlySet<string>,
  previous: VersionRouting,
  nextEpoch: () => number,
): VersionRouting {
  const components = new Map(previous.components);
  const assignments = new Map(previous.assignments);
  let epoch = previous.epoch;
  const ofVersion = observed.filter(({ version }) => version === deployment.version);
  const routed = new Set(
    deployment.description.components
      .filter(({ methods }) => methods.some((method) => method.routed))
      .map(({ name }) => name),
  );

  for (const group of groupsOf(deployment.description, deployment.manifest)) {
    const ofGroup = ofVersion.filter((replica) => replica.group === group.name);
    if (ofGroup.some(({ state }) => state === 'adopting')) continue;
    const replicas = routable(ofGroup, leaving);
    for (const component of group.components) {
      const before = components.get(component);
      const assignment = routed.has(component)
        ? assign(
            assignments.get(component),
            replicas.map(({ replica }) => replica),
          )
        : undefined;
      if (assignment !== undefined) assignments.set(component, assignment);
      const slices =
        assignment === undefined || replicas.length === 0 ? undefined : toSlices(assignment, replicas);
      if (before !== undefined && sameJson([before.replicas, before.assignment], [replicas, slices]))
        continue;
      epoch = nextEpoch();
      components.set(component, { component, epoch, replicas, assignment: slices });
    }
  }
  return epoch === previous.epoch ? previous : { epoch, components, assignments };
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

function toSlices(
  assignment: Assignment,
  replicas: readonly PublishedReplica[],
): { readonly starts: readonly number[]; readonly owners: readonly number[] } {
  const indexOf = new Map(replicas.map(({ replica }, index) => [replica, index]));
  return { starts: assignment.starts, owners: assignment.owners.map((name) => indexOf.get(name) ?? 0) };
}

export function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
