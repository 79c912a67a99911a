import { isOwned } from '../../sdk/protocol/app-description.js';
import type { SliceAssignment } from '../../sdk/protocol/control.js';
import type { PublishedReplica, PublishedRouting } from '../host/host-messages.js';
import type { Deployment } from './app-record.js';
import type { Assignment } from './assignment.js';
import { balanced } from './balanced.js';
import { balancingOf, keyLoads } from './component-balancing.js';
import { groupsOf } from './groups.js';
import type { HostedReplica } from './hosted-replica.js';
import { ownedSlices } from './ownership/owned-slices.js';
import type { PublishedGrants } from './ownership/ownership-table.js';
import { routable } from './routable.js';
import { sameJson } from './same-json.js';

/** The newest routing of one version, as it was published. */
export interface VersionRouting {
  /** The highest of its components' epochs. */
  readonly epoch: number;
  readonly components: ReadonlyMap<string, PublishedRouting>;
  /** Of each component the epoch of the first that this leader published. */
  readonly firstEpochs: ReadonlyMap<string, number>;
  /** Of the routed components whose keys have no owners; kept in the store. */
  readonly assignments: ReadonlyMap<string, Assignment>;
  /** Of those of them that have load: when their slices were balanced, Unix ms. */
  readonly balancedAt: ReadonlyMap<string, number>;
}

export const NO_ROUTING: VersionRouting = {
  epoch: 0,
  components: new Map(),
  firstEpochs: new Map(),
  assignments: new Map(),
  balancedAt: new Map(),
};

/** Who has which keys of an owned component of the version; undefined while that is not in the store. */
export type GrantsOf = (component: string) => PublishedGrants | undefined;

/**
 * The routing of a version from what is observed. A component's entry changes, with a new epoch, only when its
 * replicas or slices do, or keys were taken; while a replica of it is being adopted it stays as it was, or absent, so that its
 * callers keep what they have from before the daemon's restart. Slices are balanced when the replicas change, and once in
 * the component's interval; those of owned components elsewhere (ownership/). Returns `previous` itself when nothing changed.
 */
export function routeVersion(
  deployment: Deployment,
  observed: readonly HostedReplica[],
  leaving: ReadonlySet<string>,
  previous: VersionRouting,
  nextEpoch: () => number,
  now: number,
  grantsOf: GrantsOf = () => undefined,
): VersionRouting {
  const components = new Map(previous.components);
  const firstEpochs = new Map(previous.firstEpochs);
  const assignments = new Map(previous.assignments);
  const balancedAt = new Map(previous.balancedAt);
  let isRebalanced = false;
  let epoch = previous.epoch;
  const ofVersion = observed.filter(({ version }) => version === deployment.version);
  const { description } = deployment;
  const owned = new Set(description.components.filter(isOwned).map(({ name }) => name));
  const routed = new Set(
    description.components
      .filter(({ name, methods }) => !owned.has(name) && methods.some((method) => method.routed))
      .map(({ name }) => name),
  );

  const balance = (
    component: string,
    ofGroup: readonly HostedReplica[],
    replicas: readonly PublishedReplica[],
  ): SliceAssignment => {
    const before = assignments.get(component);
    const at = balancedAt.get(component);
    const next = balanced(
      {
        assignment: before,
        balancedAt: at,
        names: components.get(component)?.replicas.map(({ replica }) => replica),
      },
      {
        names: replicas.map(({ replica }) => replica),
        loads: keyLoads(component, ofGroup),
        balancing: balancingOf(deployment, component),
        now,
        mayMove: true,
      },
    );
    isRebalanced ||= next.assignment !== before || next.balancedAt !== at;
    assignments.set(component, next.assignment);
    if (next.balancedAt === undefined) balancedAt.delete(component);
    else balancedAt.set(component, next.balancedAt);
    return toSlices(next.assignment, replicas);
  };

  for (const group of groupsOf(description, deployment.manifest)) {
    const ofGroup = ofVersion.filter((replica) => replica.group === group.name);
    if (ofGroup.some(({ state }) => state === 'adopting')) continue;
    const serving = routable(ofGroup, leaving);
    for (const component of group.components) {
      const before = components.get(component);
      const decided = owned.has(component) ? grantsOf(component) : undefined;
      if (owned.has(component) && decided === undefined) continue;
      const replicas = decided === undefined ? serving : withSilent(serving, decided.silent);
      const slices =
        decided !== undefined
          ? ownedSlices(decided.grants, deployment.version, replicas)
          : routed.has(component)
            ? balance(component, ofGroup, replicas)
            : undefined;
      const assignment = replicas.length === 0 ? undefined : slices;
      const mustTell = (decided?.newerThan ?? 0) > (before?.epoch ?? 0);
      if (
        before !== undefined &&
        !mustTell &&
        sameJson([before.replicas, before.assignment], [replicas, assignment])
      )
        continue;
      epoch = nextEpoch();
      if (before === undefined) firstEpochs.set(component, epoch);
      const decidedAt = decided === undefined ? {} : { decidedAt: decided.decidedAt };
      components.set(component, { component, epoch, replicas, assignment, ...decidedAt });
    }
  }
  if (epoch === previous.epoch && !isRebalanced) return previous;
  return { epoch, components, firstEpochs, assignments, balancedAt };
}

/** Those that have keys, though nothing is heard of their hosts. Sorted by name. */
function withSilent(
  serving: readonly PublishedReplica[],
  silent: readonly PublishedReplica[],
): readonly PublishedReplica[] {
  const others = silent.filter(
    ({ replica, host }) => !serving.some((each) => each.replica === replica && each.host === host),
  );
  if (others.length === 0) return serving;
  const nameOf = ({ replica, host }: PublishedReplica) => `${replica} ${host}`;
  return [...serving, ...others].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** When slices of the version are to be balanced though nothing else changes, Unix ms; undefined without load. */
export function balanceDueAt(deployment: Deployment, { balancedAt }: VersionRouting): number | undefined {
  const due = [...balancedAt].map(([component, at]) => at + balancingOf(deployment, component).interval);
  return due.length === 0 ? undefined : Math.min(...due);
}

/** As callers look them up: neighbours of one owner are one. */
function toSlices(assignment: Assignment, replicas: readonly PublishedReplica[]): SliceAssignment {
  const indexOf = new Map(replicas.map(({ replica }, index) => [replica, index]));
  const starts: number[] = [];
  const owners: number[] = [];
  const others: (readonly number[])[] = [];
  for (const [index, name] of assignment.owners.entries()) {
    const owner = indexOf.get(name) ?? 0;
    const further = (assignment.others?.[index] ?? []).flatMap((other) => indexOf.get(other) ?? []);
    if (owners.at(-1) === owner && sameJson(others.at(-1), further)) continue;
    starts.push(assignment.starts[index] ?? 0);
    owners.push(owner);
    others.push(further);
  }
  return assignment.others === undefined ? { starts, owners } : { starts, owners, others };
}
