import type { Shape } from '../../sdk/codec/shape.js';

type Literal = string | number | boolean;

/** Branches stand in this order whatever order TypeScript met them in, so that a schema is stable. */
const ORDER: readonly Shape['kind'][] = [
  'undefined',
  'null',
  'boolean',
  'number',
  'bigint',
  'string',
  'bytes',
  'date',
  'literal',
  'reference',
  'array',
  'tuple',
  'record',
  'map',
  'set',
];

/**
 * The union of shapes in its normal form: flat, no branch twice, all literals in one branch, none that another branch
 * admits already, sorted. At least one shape.
 */
export function unite(shapes: readonly Shape[]): Shape {
  const flat = shapes.flatMap((shape) => (shape.kind === 'union' ? shape.branches : [shape]));
  const others = new Map<string, Shape>();
  const literals = new Set<Literal>();
  for (const shape of flat) {
    if (shape.kind === 'literal') for (const value of shape.values) literals.add(value);
    else others.set(JSON.stringify(shape), shape);
  }
  if (literals.has(true) && literals.has(false)) others.set(JSON.stringify(BOOLEAN), BOOLEAN);
  const admitted = new Set<string>([...others.values()].map(({ kind }) => kind));
  const values = [...literals].filter((value) => !admitted.has(typeof value)).sort(compareLiterals);
  const branches = [...others.entries()]
    .map(([key, shape]) => ({ key, shape }))
    .concat(values.length === 0 ? [] : [{ key: '', shape: { kind: 'literal', values } }])
    .sort((a, b) => rank(a.shape) - rank(b.shape) || (a.key < b.key ? -1 : 1))
    .map(({ shape }) => shape);
  const [first] = branches;
  if (first === undefined) throw new Error('a union has at least one branch');
  return branches.length === 1 ? first : { kind: 'union', branches };
}

const BOOLEAN: Shape = { kind: 'boolean' };

function rank({ kind }: Shape): number {
  return ORDER.indexOf(kind);
}

function compareLiterals(a: Literal, b: Literal): number {
  if (typeof a !== typeof b) return typeof a < typeof b ? -1 : 1;
  return a < b ? -1 : 1;
}
