import type { AppManifest } from '../../config/app-manifest.js';
import { nearestName } from '../../config/nearest-name.js';
import { type AppDescription, MAIN } from '../../sdk/protocol/app-description.js';

/** Components that are placed together, in one process per replica. */
export interface Group {
  readonly name: string;
  /** Sorted; without `main`. */
  readonly components: readonly string[];
  /** The app's main function runs here, in the first replica. */
  readonly hasMain: boolean;
  readonly replicas: number;
}

/** The manifest does not fit the app. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

const MAX_GROUP_NAME = 40;

/**
 * What is co-located by the manifest, and each other component alone; `main` alone too, unless it is listed or all is
 * one group. Sorted by name. A group has as many replicas as the component of it that needs most; one of only `main`
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
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function toGroup(members: readonly string[], manifest: AppManifest): Group {
  const components = members.filter((name) => name !== MAIN);
  const replicas = components.map((name) => manifest.components[name]?.replicas.min ?? 1);
  return {
    name: manifest.colocate === 'all' ? 'all' : groupName(members),
    components,
    hasMain: members.includes(MAIN),
    replicas: Math.max(1, ...replicas),
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
