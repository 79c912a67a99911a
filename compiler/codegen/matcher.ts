import type { CodeModule } from './code-module.js';
import type { DefinitionLayout, FieldLayout, Layout, MapLayout, TupleLayout, UnionLayout } from './layout.js';
import { fieldOf, literal, quote, type Source } from './source.js';
import type { Category } from './union-arms.js';

/*
 * Functions that tell whether a value is of a layout, for the unions whose branches nothing simpler tells apart.
 * They take the value, the strictness (see `Strictness` of sdk/codec/objects.ts), the depth,
 * and a memo, without which a recursive union could be walked once for every path through its branches.
 */
const PARAMETERS = 'value, strictness, depth, memo';

const LEAF_CATEGORIES: readonly Category[] = [
  'null',
  'undefined',
  'boolean',
  'number',
  'bigint',
  'string',
  'bytes',
  'date',
];

/** Values of the category have no parts. */
export function isLeafCategory(category: Category): boolean {
  return LEAF_CATEGORIES.includes(category);
}

/**
 * The name of a function that takes a value of the category and the depth and returns the branch that the value is of,
 * -1 when it is of none: by its class, else by the closest match.
 */
export function selectorOf(
  code: CodeModule,
  union: UnionLayout,
  branches: readonly number[],
  category: Category,
): string {
  return code.functionFor('select', branches, category, 'value, depth', (body) => {
    selectByClass(body, code, union, branches);
    const match = (index: number, strictness: string): string => {
      const layout = branchAt(union, index);
      return matchExpression(code, layout, 'value', strictness, 'memo');
    };
    body.block('for (let strictness = 2; strictness > 0; strictness--) {', () => {
      body.line('const memo = {};');
      for (const index of branches) body.line(`if (${match(index, 'strictness')}) return ${index};`);
    });
    body.line('const memo = {};');
    body.line('let [closest, least] = [-1, Infinity];');
    for (const index of branches) {
      body.block(`if (least > 0 && ${match(index, '0')}) {`, () => {
        body.line(`const lost = ${lostKeys(code, branchAt(union, index))};`);
        body.line(`if (lost < least) [closest, least] = [${index}, lost];`);
      });
    }
    body.line('return closest;');
  });
}

/** How many properties of the value the branch would leave behind. */
function lostKeys(code: CodeModule, layout: Layout): string {
  const definition = layout.kind === 'reference' ? code.definition(layout.name) : undefined;
  return definition?.kind === 'object'
    ? `countUnknownKeys(value, ${knownKeys(code, definition.fields)})`
    : '0';
}

function knownKeys(code: CodeModule, fields: readonly FieldLayout[]): string {
  return code.constant(`new Set([${fields.map(({ name }) => quote(name)).join(', ')}])`);
}

function branchAt(union: UnionLayout, index: number): Layout {
  const branch = union.branches[index];
  if (branch === undefined) throw new Error(`no branch ${index}`);
  return branch.layout;
}

/** A JavaScript expression; `depth` is in scope. */
export function matchExpression(
  code: CodeModule,
  layout: Layout,
  value: string,
  strictness: string,
  memo: string,
): string {
  switch (layout.kind) {
    case 'null':
      return `${value} === null`;
    case 'undefined':
    case 'undefined-symbol':
      return `${value} === undefined`;
    case 'boolean':
    case 'number':
    case 'bigint':
    case 'string':
      return `typeof ${value} === ${quote(layout.kind)}`;
    case 'bytes':
      return `${value} instanceof Uint8Array`;
    case 'date':
      return `${value} instanceof Date`;
    case 'enum':
      return `${code.constant(`new Set([${layout.values.map(literal).join(', ')}])`)}.has(${value})`;
    case 'tagged':
      return matchExpression(code, layout.value, value, strictness, memo);
    case 'reference':
      return `${definitionMatcher(code, layout.name)}(${value}, ${strictness}, depth + 1, ${memo})`;
    default:
      return `${layoutMatcher(code, layout)}(${value}, ${strictness}, depth, ${memo})`;
  }
}

function selectByClass(to: Source, code: CodeModule, union: UnionLayout, branches: readonly number[]): void {
  const classes = branches.flatMap((branch) => {
    const layout = branchAt(union, branch);
    const definition = layout.kind === 'reference' ? code.definition(layout.name) : undefined;
    const classId = definition === undefined || definition.kind === 'alias' ? undefined : definition.classId;
    return classId === undefined ? [] : [{ branch, classId }];
  });
  if (classes.length === 0) return;
  const ids = code.constant(`[${classes.map(({ classId }) => quote(classId)).join(', ')}]`);
  to.block(`switch (nearestClass(value, ${ids})) {`, () => {
    classes.forEach(({ branch }, index) => {
      to.line(`case ${index}: return ${branch};`);
    });
  });
}

function layoutMatcher(code: CodeModule, layout: Exclude<Layout, { readonly kind: 'reference' }>): string {
  return code.functionFor('matches', layout, layout.kind, PARAMETERS, (body) => {
    const match = (part: Layout, value: string): string =>
      matchExpression(code, part, value, 'strictness', 'memo');
    switch (layout.kind) {
      case 'array':
        body.line('if (!Array.isArray(value)) return false;');
        return matchAll(body, 'value', (item) => match(layout.items, item));
      case 'set':
        body.line('if (!(value instanceof Set)) return false;');
        return matchAll(body, 'value', (item) => match(layout.items, item));
      case 'record':
        body.line('const keys = recordKeys(value);');
        body.line('if (keys === undefined) return false;');
        return matchAll(body, 'keys', (key) => match(layout.values, `value[${key}]`));
      case 'map':
        return matchMap(body, layout, match);
      case 'tuple':
        return matchTuple(body, layout, match);
      case 'union':
        return body.line(
          `return ${layout.branches.map((branch) => match(branch.layout, 'value')).join(' || ')};`,
        );
      default:
        return body.line(`return ${match(layout, 'value')};`);
    }
  });
}

type Match = (layout: Layout, value: string) => string;

function matchAll(to: Source, iterable: string, condition: (item: string) => string): void {
  to.line(`for (const item of ${iterable}) if (!(${condition('item')})) return false;`);
  to.line('return true;');
}

function matchMap(to: Source, layout: MapLayout, match: Match): void {
  to.line('if (!(value instanceof Map)) return false;');
  matchAll(
    to,
    'value',
    (entry) => `${match(layout.keys, `${entry}[0]`)} && ${match(layout.values, `${entry}[1]`)}`,
  );
}

function matchTuple(to: Source, { items, rest }: TupleLayout, match: Match): void {
  to.line('if (!Array.isArray(value)) return false;');
  if (rest === undefined) to.line(`if (value.length > ${items.length}) return false;`);
  to.line(`if (strictness === 2 && value.length < ${items.length}) return false;`);
  items.forEach((item, index) => {
    to.line(`if (!(${match(item, `value[${index}]`)})) return false;`);
  });
  if (rest === undefined) return to.line('return true;');
  matchAll(to, `value.slice(${items.length})`, (item) => match(rest.items, item));
}

function definitionMatcher(code: CodeModule, name: string): string {
  const definition = code.definition(name);
  const look = (role: 'matches' | 'look'): string =>
    code.functionFor(role, definition, name, PARAMETERS, (body) => matchDefinition(body, code, definition));
  if (!code.isRecursive(name)) return look('matches');
  return code.functionFor('matches', definition, name, PARAMETERS, (body, self) => {
    const answer = `${look('look')}(${PARAMETERS})`;
    body.line('if (depth > MAX_NESTING) refuseNesting();');
    body.line(`if (typeof value !== "object" || value === null) return ${answer};`);
    body.line(`const seen = (memo[${quote(self)}] ??= new Map());`);
    body.line('let known = seen.get(value);');
    body.line(`if (known === undefined) seen.set(value, (known = ${answer}));`);
    body.line('return known;');
  });
}

function matchDefinition(to: Source, code: CodeModule, definition: DefinitionLayout): void {
  const match: Match = (layout, value) => matchExpression(code, layout, value, 'strictness', 'memo');
  switch (definition.kind) {
    case 'alias':
      return to.line(`return ${match(definition.value, 'value')};`);
    case 'object': {
      to.line('if (typeof value !== "object" || value === null || Array.isArray(value)) return false;');
      to.line(`if (!hasOnlyKeys(value, ${knownKeys(code, definition.fields)}, strictness)) return false;`);
      matchPrototype(to, definition.classId);
      return matchFields(to, definition.fields, match);
    }
    case 'error':
      to.line('if (!(value instanceof Error)) return false;');
      matchPrototype(to, definition.classId);
      return matchFields(to, definition.fields, match);
  }
}

/** Fields without parts first: they are cheap, and mostly tell. */
function matchFields(to: Source, fields: readonly FieldLayout[], match: Match): void {
  const isSimple = ({ layout }: FieldLayout): boolean =>
    layout.kind !== 'reference' &&
    layout.kind !== 'array' &&
    layout.kind !== 'record' &&
    layout.kind !== 'union';
  for (const field of [...fields.filter(isSimple), ...fields.filter((field) => !isSimple(field))]) {
    const local = to.fresh('field');
    const isThere = `${quote(field.name)} in value`;
    const isExact = field.optional ? `${local} !== undefined || !(${isThere})` : isThere;
    to.line(`const ${local} = ${fieldOf('value', field.name)};`);
    to.line(`if (strictness === 2 && !(${isExact})) return false;`);
    to.line(`if (!(${match(field.layout, local)})) return false;`);
  }
  to.line('return true;');
}

/** The closest match of an instance is its own class, and that of a plain object is no class. */
function matchPrototype(to: Source, classId: string | undefined): void {
  const isExact =
    classId === undefined
      ? 'recordKeys(value) !== undefined'
      : `Object.getPrototypeOf(value) === prototypeOf(${quote(classId)})`;
  to.line(`if (strictness === 2 && !(${isExact})) return false;`);
}
