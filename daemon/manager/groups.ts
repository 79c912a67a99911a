import { type AppManifest, sizeInBytes } from '../../config/app-manifest.js';
import { nearestName } from '../../config/nearest-name.js';
import { type AppDescription, MAIN } from '../../sdk/protocol/app-description.js';
import type { ReplicaNeeds, Spread } from '../placement/replica-needs.js';

/** Components that are placed together, in one process per replica. */
export interface Group {
  readonly name: string;
  /** Sorted; without `main`. */
  readonly components: readonly string[];
  /** The app's main function runs here, in the first replica. */
  readonly hasMain: boolean;
  /** The least of them. */
  readonly replicas: number;
  /** As many as load may bring about. */
  readonly maxReplicas: number;
  readonly needs: ReplicaNeeds;
}

/** The manifest does not fit the app. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

const MAX_GROUP_NAME = 40;
/** The strictest first. */
const SPREADS: readonly Spread[] = ['zone', 'host', 'none'];

/**
 * What is co-located by the manifest, and each other component alone; `main` alone too, unless it is listed or all is
 * one group. One with state has one replica at the most, unless its routing is exclusive. Sorted by name. A group has as many replicas as the component of it that needs most; one of only `main`
 * has one. Throws ManifestError.
 */
export function groupsOf(description: AppDescription, manifest: AppManifest): readonly Group[] {
  const names = description.components.map(({ name }) => name);
  const members = description.hasMain ? [...names, MAIN] : names;
  requireKnown(names, Object.keys(manifest.components), 'the manifest configures components');
  const listed = manifest.colocate === 'all' ? [members] : manifest.colocate;
  const groupOf = new Map<string, number>();
  for (const [index, group] of listed.entries()) {
    requireKnown(members, group, 'the manifest co-locates');
    for (const name of group) {
      const other = groupOf.get(name);
      if (other !== undefined && other !== index)
        throw new ManifestError(
          `component "${name}" is in two groups of colocate, [${listed[other]?.join(', ')}] and [${group.join(', ')}]; leave it in one`,
        );
      groupOf.set(name, index);
    }
  }
  const alone = members.filter((name) => !groupOf.has(name)).map((name) => [name]);
  const groups = [...listed, ...alone].filter((group) => group.length > 0);
  return groups
    .map((group) => toGroup([...new Set(group)].sort(), manifest))
    .map((group) => refuseSharedState(group, description))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function toGroup(members: readonly string[], manifest: AppManifest): Group {
  const components = members.filter((name) => name !== MAIN);
  const ranges = components.map((name) => manifest.components[name]?.replicas ?? { min: 1, max: 1 });
  const replicas = Math.max(1, ...ranges.map(({ min }) => min));
  return {
    name: manifest.colocate === 'all' ? 'all' : groupName(members),
    components,
    hasMain: members.includes(MAIN),
    replicas,
    maxReplicas: Math.max(replicas, ...ranges.map(({ max }) => max)),
    needs: needsOf(members, manifest),
  };
}

/** Without keys two replicas cannot both own the state of a component. */
function refuseSharedState(group: Group, { components }: AppDescription): Group {
  const stateful = components.find(
    ({ name, states = [], exclusive }) =>
      group.components.includes(name) && states.length > 0 && exclusive !== true,
  );
  if (stateful === undefined || group.maxReplicas === 1) return group;
  throw new ManifestError(
    `component "${stateful.name}" has state (${stateful.states?.join(', ')}) and up to ${group.maxReplicas} replicas; several each need keys of their own: give it routing with exclusive: true, or give ${group.components.join(', ')} replicas = 1, or take "${stateful.name}" out of the group in colocate`,
  );
}

/** Where state is in files, each has one writer: throws ManifestError for state with several replicas. */
export function refuseSharedFiles(groups: readonly Group[], { components }: AppDescription): void {
  for (const { components: members, maxReplicas } of groups) {
    const stateful = components.find(({ name, states = [] }) => members.includes(name) && states.length > 0);
    if (stateful !== undefined && maxReplicas > 1)
      throw new ManifestError(
        `component "${stateful.name}" has state (${stateful.states?.join(', ')}) and up to ${maxReplicas} replicas, and without a [redis] store one process writes it: give ${members.join(', ')} replicas = 1, or the daemon a [redis] store in its weaverd.toml`,
      );
  }
}

/** What the members reserve, added up; the labels of all of them, and the strictest of their spreads. */
function needsOf(members: readonly string[], manifest: AppManifest): ReplicaNeeds {
  const settings = members.flatMap((name) => {
    const found = name === MAIN ? manifest.main : manifest.components[name];
    return found === undefined ? [] : [found];
  });
  const labels: Record<string, string> = {};
  for (const [name, value] of settings.flatMap(({ placement }) => Object.entries(placement?.labels ?? {}))) {
    const other = labels[name];
    if (other !== undefined && other !== value)
      throw new ManifestError(
        `[${members.join(', ')}] share a process and need a host with label ${name}=${other} and ${name}=${value}; take one of them out of the group in colocate`,
      );
    labels[name] = value;
  }
  const spreads = settings.map(({ placement }) => placement?.spread);
  return {
    cpus: settings.reduce((sum, { resources }) => sum + (resources?.cpu ?? 0), 0),
    memoryBytes: settings.reduce(
      (sum, { resources }) => sum + (resources?.memory === undefined ? 0 : sizeInBytes(resources.memory)),
      0,
    ),
    labels,
    spread: SPREADS.find((spread) => spreads.includes(spread)) ?? 'zone',
  };
}

function groupName(members: readonly string[]): string {
  const whole = members.join('+');
  return whole.length <= MAX_GROUP_NAME ? whole : `${members[0]}+${members.length - 1}`;
}

function requireKnown(known: readonly string[], given: readonly string[], what: string): void {
  for (const name of given) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    const mend =
      nearest === undefined ? `it has ${known.join(', ') || 'no components'}` : `did you mean "${nearest}"?`;
    throw new ManifestError(`${what}: the app has no component "${name}"; ${mend}`);
  }
}
