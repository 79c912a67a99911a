import type { Definition, Definitions, Shape } from '../../sdk/codec/shape.js';

/** The definition; throws when the compiler gave none. */
export function definitionOf(name: string, definitions: Definitions): Definition {
  const definition = definitions.get(name);
  if (definition === undefined) throw new Error(`the shape ${name} is referred to but not defined`);
  return definition;
}

/** The branches of a union, without unions among them and without doubles. A shape that is no union is its only one. */
export function branchesOf(shape: Shape): readonly Shape[] {
  const branches = new Map<string, Shape>();
  for (const branch of flatten(shape)) {
    const key = JSON.stringify(branch);
    if (!branches.has(key)) branches.set(key, branch);
  }
  return [...branches.values()];
}

function flatten(shape: Shape): readonly Shape[] {
  return shape.kind === 'union' ? shape.branches.flatMap(flatten) : [shape];
}

/** The shape of an optional field: it admits `undefined`. */
export function orUndefined(shape: Shape): Shape {
  return { kind: 'union', branches: [{ kind: 'undefined' }, shape] };
}
