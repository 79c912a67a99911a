import type { Definitions, Shape } from '../../sdk/codec/shape.js';

/** The definitions that can contain values of themselves. */
export function recursiveDefinitions(definitions: Definitions): ReadonlySet<string> {
  const direct = new Map<string, ReadonlySet<string>>();
  for (const [name, definition] of definitions) {
    const shapes =
      definition.kind === 'alias' ? [definition.shape] : definition.fields.map(({ shape }) => shape);
    direct.set(name, new Set(shapes.flatMap(referencesIn)));
  }
  return new Set([...definitions.keys()].filter((name) => reaches(name, name, direct)));
}

function reaches(from: string, to: string, direct: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  const seen = new Set<string>();
  const open = [from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const next of direct.get(name) ?? []) {
      if (next === to) return true;
      if (!seen.has(next)) {
        seen.add(next);
        open.push(next);
      }
    }
  }
  return false;
}

function referencesIn(shape: Shape): readonly string[] {
  switch (shape.kind) {
    case 'reference':
      return [shape.name];
    case 'array':
    case 'set':
      return referencesIn(shape.items);
    case 'record':
      return referencesIn(shape.values);
    case 'map':
      return [...referencesIn(shape.keys), ...referencesIn(shape.values)];
    case 'tuple':
      return [...shape.items, ...(shape.rest === undefined ? [] : [shape.rest])].flatMap(referencesIn);
    case 'union':
      return shape.branches.flatMap(referencesIn);
    default:
      return [];
  }
}
