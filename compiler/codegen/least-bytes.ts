import type { Definition, Definitions, Shape } from '../../sdk/codec/shape.js';
import { branchesOf, orUndefined } from './shapes.js';

/** Rounds until the sizes of definitions that refer to each other stand; stopping early only makes them smaller. */
const MAX_ROUNDS = 64;
/** Message, name, stack and cause. */
const ERROR_BASE_BYTES = 4;

/**
 * Bytes that a value of each definition takes at the least: what bounds the items that so many bytes can hold.
 * Approached from below, so that it is never too large.
 */
export function leastBytesOfDefinitions(definitions: Definitions): ReadonlyMap<string, number> {
  const known = new Map<string, number>();
  for (let round = 0, changed = true; changed && round < MAX_ROUNDS; round++) {
    changed = false;
    for (const [name, definition] of definitions) {
      const bytes = leastBytesOfDefinition(definition, known);
      changed ||= bytes !== known.get(name);
      known.set(name, bytes);
    }
  }
  return known;
}

/** @param known the sizes of the definitions that the shape refers to */
export function leastBytes(shape: Shape, known: ReadonlyMap<string, number>): number {
  switch (shape.kind) {
    case 'null':
    case 'undefined':
      return 0;
    case 'number':
      return 8;
    case 'bigint':
      return 2;
    case 'tuple':
      return shape.items.reduce(
        (bytes, item) => bytes + leastBytes(item, known),
        shape.rest === undefined ? 0 : 1,
      );
    case 'union': {
      const [first, ...others] = branchesOf(shape);
      return first !== undefined && others.length === 0 ? leastBytes(first, known) : 1;
    }
    case 'reference':
      return known.get(shape.name) ?? 0;
    default:
      return 1;
  }
}

function leastBytesOfDefinition(definition: Definition, known: ReadonlyMap<string, number>): number {
  if (definition.kind === 'alias') return leastBytes(definition.shape, known);
  return definition.fields.reduce(
    (bytes, { shape, optional }) => bytes + leastBytes(optional ? orUndefined(shape) : shape, known),
    definition.kind === 'error' ? ERROR_BASE_BYTES : 0,
  );
}
