import type { AppDescription } from '../../sdk/protocol/app-description.js';
import type { Group } from './groups.js';

/**
 * The groups that must have gone before each group of a version may: those that call it, directly or through others,
 * unless it calls them too. So what is in flight finds all it needs until it is done.
 */
export function callersOf(
  description: AppDescription,
  groups: readonly Group[],
): ReadonlyMap<string, ReadonlySet<string>> {
  const reaches = reachableGroups(description, groups);
  return new Map(
    groups.map(({ name }) => {
      const callers = groups
        .map((other) => other.name)
        .filter((other) => other !== name && reaches.get(other)?.has(name) && !reaches.get(name)?.has(other));
      return [name, new Set(callers)];
    }),
  );
}

function reachableGroups(
  description: AppDescription,
  groups: readonly Group[],
): ReadonlyMap<string, ReadonlySet<string>> {
  const groupOf = new Map(groups.flatMap(({ name, components }) => components.map((each) => [each, name])));
  const direct = new Map<string, Set<string>>(groups.map(({ name }) => [name, new Set()]));
  for (const { name, references } of description.components) {
    const from = direct.get(groupOf.get(name) ?? '');
    for (const reference of references) {
      const to = groupOf.get(reference);
      if (to !== undefined) from?.add(to);
    }
  }
  // What main obtains is not in the description: it may call everything.
  const main = groups.find(({ hasMain }) => hasMain);
  if (main !== undefined && description.hasMain)
    for (const { name } of groups) if (name !== main.name) direct.get(main.name)?.add(name);

  return new Map(groups.map(({ name }) => [name, reachableFrom(name, direct)]));
}

function reachableFrom(start: string, direct: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const seen = new Set<string>();
  const next = [...(direct.get(start) ?? [])];
  for (let name = next.pop(); name !== undefined; name = next.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    next.push(...(direct.get(name) ?? []));
  }
  return seen;
}
