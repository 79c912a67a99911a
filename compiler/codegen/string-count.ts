import type { DefinitionLayout, Layout } from './layout.js';

/** More than that is not told apart. */
const MANY = 16;

type Definitions = ReadonlyMap<string, DefinitionLayout>;

/** How many strings a value of the layout has, collections taken for long: a guess, at most {@link MANY}. */
export function stringCount(
  layout: Layout,
  definitions: Definitions,
  within: ReadonlySet<string> = new Set(),
): number {
  const count = (part: Layout): number => stringCount(part, definitions, within);
  switch (layout.kind) {
    case 'string':
      return 1;
    case 'array':
    case 'set':
      return count(layout.items) === 0 ? 0 : MANY;
    case 'record':
      return MANY;
    case 'map':
      return count(layout.keys) + count(layout.values) === 0 ? 0 : MANY;
    case 'tuple':
      return atMost([
        ...layout.items.map(count),
        layout.rest !== undefined && count(layout.rest.items) > 0 ? MANY : 0,
      ]);
    case 'union':
      return Math.max(...layout.branches.map((branch) => count(branch.layout)));
    case 'tagged':
      return count(layout.value);
    case 'reference': {
      const definition = definitions.get(layout.name);
      if (definition === undefined) return 0;
      // A value that contains others of its kind has as many strings as it likes.
      if (within.has(layout.name)) return MANY;
      const inside = new Set(within).add(layout.name);
      const parts =
        definition.kind === 'alias' ? [definition.value] : definition.fields.map((field) => field.layout);
      return atMost(parts.map((part) => stringCount(part, definitions, inside)));
    }
    default:
      return 0;
  }
}

export function atMost(counts: readonly number[]): number {
  return Math.min(
    MANY,
    counts.reduce((sum, count) => sum + count, 0),
  );
}
