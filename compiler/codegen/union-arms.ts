import type { DefinitionLayout, EnumLayout, Layout, ObjectLayout, UnionLayout } from './layout.js';

/** What `typeof`, `Array.isArray` and `instanceof` tell of a value. */
export type Category =
  | 'null'
  | 'undefined'
  | 'boolean'
  | 'number'
  | 'bigint'
  | 'string'
  | 'array'
  | 'bytes'
  | 'date'
  | 'map'
  | 'set'
  | 'error'
  | 'object';

/** The branches of a union that a value of one category can be of. */
export interface UnionArm {
  readonly category: Category;
  /** JavaScript that is true of values of the category, given those before it were not. */
  test(value: string): string;
  /** Positions in the union, in the order in which they are tried. */
  readonly branches: readonly [number, ...number[]];
}

type Definitions = ReadonlyMap<string, DefinitionLayout>;

const TESTS: readonly (readonly [Category, (value: string) => string])[] = [
  ['null', (value) => `${value} === null`],
  ['undefined', (value) => `${value} === undefined`],
  ['boolean', (value) => `typeof ${value} === "boolean"`],
  ['number', (value) => `typeof ${value} === "number"`],
  ['bigint', (value) => `typeof ${value} === "bigint"`],
  ['string', (value) => `typeof ${value} === "string"`],
  ['array', (value) => `Array.isArray(${value})`],
  ['bytes', (value) => `${value} instanceof Uint8Array`],
  ['date', (value) => `${value} instanceof Date`],
  ['map', (value) => `${value} instanceof Map`],
  ['set', (value) => `${value} instanceof Set`],
  ['error', (value) => `${value} instanceof Error`],
  ['object', (value) => `typeof ${value} === "object" && ${value} !== null`],
];

/** In the order in which the tests must be made; only categories that a branch has. */
export function unionArms(union: UnionLayout, definitions: Definitions): readonly UnionArm[] {
  const categories = union.branches.map(({ layout }) => categoriesOf(layout, definitions, new Set()));
  return TESTS.flatMap(([category, test]) => {
    const indices = [...categories.keys()].filter((index) => categories[index]?.has(category));
    // Literals before what contains them.
    const rank = (index: number): number => (union.branches[index]?.layout.kind === 'enum' ? 0 : 1);
    const [first, ...others] = indices.sort((left, right) => rank(left) - rank(right) || left - right);
    return first === undefined ? [] : [{ category, test, branches: [first, ...others] }];
  });
}

/** Whether any value of the category is one of the layout, so that no look at the value is needed. */
export function coversCategory(layout: Layout, category: Category): boolean {
  return layout.kind === category || (layout.kind === 'undefined-symbol' && category === 'undefined');
}

export function categoriesOf(
  layout: Layout,
  definitions: Definitions,
  within: ReadonlySet<string>,
): ReadonlySet<Category> {
  switch (layout.kind) {
    case 'undefined-symbol':
      return new Set(['undefined']);
    case 'enum':
      return new Set(layout.values.map((value) => typeof value as 'string' | 'number' | 'boolean'));
    case 'tuple':
      return new Set(['array']);
    case 'record':
      return new Set(['object']);
    case 'tagged':
      return categoriesOf(layout.value, definitions, within);
    case 'union':
      return new Set(
        layout.branches.flatMap((branch) => [...categoriesOf(branch.layout, definitions, within)]),
      );
    case 'reference': {
      const definition = definitions.get(layout.name);
      if (definition === undefined || within.has(layout.name)) return new Set();
      if (definition.kind !== 'alias') return new Set([definition.kind]);
      return categoriesOf(definition.value, definitions, new Set(within).add(layout.name));
    }
    default:
      return new Set([layout.kind]);
  }
}

/** A field by whose literal values branches are told apart, and the branch of each value. */
export interface Discriminant {
  readonly field: string;
  readonly cases: readonly { readonly branch: number; readonly type: EnumLayout }[];
}

/** Undefined unless all the branches are objects that share a required field of literals, no two with the same one. */
export function discriminantOf(
  union: UnionLayout,
  branches: readonly number[],
  definitions: Definitions,
): Discriminant | undefined {
  const objects: { readonly branch: number; readonly object: ObjectLayout }[] = [];
  for (const branch of branches) {
    const layout = union.branches[branch]?.layout;
    const object = layout?.kind === 'reference' ? definitions.get(layout.name) : undefined;
    if (object?.kind !== 'object') return undefined;
    objects.push({ branch, object });
  }
  for (const { name } of objects[0]?.object.fields ?? []) {
    const cases = objects.flatMap(({ branch, object }) => {
      const field = object.fields.find((candidate) => candidate.name === name);
      return field?.layout.kind === 'enum' ? [{ branch, type: field.layout }] : [];
    });
    const values = cases.flatMap(({ type }) => type.values);
    if (cases.length === objects.length && new Set(values).size === values.length)
      return { field: name, cases };
  }
  return undefined;
}
