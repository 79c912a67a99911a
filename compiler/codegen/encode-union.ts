import type { CodeModule } from './code-module.js';
import { encode, refuse, writePosition } from './encoder.js';
import type { UnionLayout } from './layout.js';
import { isLeafCategory, matchExpression, selectorOf } from './matcher.js';
import { fieldOf, fieldPart, literal, type Path, pathExpression, quote, type Source } from './source.js';
import { coversCategory, type Discriminant, discriminantOf, type UnionArm, unionArms } from './union-arms.js';

/** Finds the branch that a value is of, by as few looks at it as the types allow, and writes its position and it. */
export function encodeUnion(
  to: Source,
  code: CodeModule,
  union: UnionLayout,
  value: string,
  path: Path,
): void {
  const refusal = refuse(union, value, path);
  unionArms(union, code.definitions).forEach((arm, index) => {
    to.block(`${index === 0 ? '' : 'else '}if (${arm.test(value)}) {`, () =>
      encodeArm({ to, code, union, value, path, refusal }, arm),
    );
  });
  to.line(`else ${refusal}`);
}

interface UnionCode {
  readonly to: Source;
  readonly code: CodeModule;
  readonly union: UnionLayout;
  readonly value: string;
  readonly path: Path;
  readonly refusal: string;
}

function encodeArm(at: UnionCode, { category, branches }: UnionArm): void {
  const [first, ...others] = branches;
  if (others.length === 0) return encodeBranch(at, first);
  if (isLeafCategory(category)) return encodeFirstMatch(at, branches, category);
  const discriminant =
    category === 'object' ? discriminantOf(at.union, branches, at.code.definitions) : undefined;
  if (discriminant !== undefined) return encodeDiscriminated(at, discriminant);
  const select = selectorOf(at.code, at.union, branches, category);
  at.to.block(`switch (${select}(${at.value}, depth)) {`, () => {
    for (const branch of branches) encodeCase(at, `case ${branch}: {`, branch);
    at.to.line(`default: ${at.refusal}`);
  });
}

function encodeBranch(at: UnionCode, index: number): void {
  const branch = at.union.branches[index];
  if (branch === undefined) throw new Error(`no branch ${index}`);
  writePosition(at.to, at.code, index, at.union.branches.length);
  encode(at.to, at.code, branch.layout, at.value, at.path);
}

function encodeCase(at: UnionCode, head: string, branch: number): void {
  at.to.block(head, () => {
    encodeBranch(at, branch);
    at.to.line('break;');
  });
}

/** Values that can be told by themselves: literals first, then the branch that takes all of the category. */
function encodeFirstMatch(at: UnionCode, branches: readonly number[], category: UnionArm['category']): void {
  const layouts = branches.map((index) => ({ index, layout: at.union.branches[index]?.layout }));
  const covering = layouts.find(({ layout }) => layout !== undefined && coversCategory(layout, category));
  let head = '';
  for (const { index, layout } of layouts) {
    if (layout === undefined || index === covering?.index) continue;
    if (covering !== undefined && layout.kind !== 'enum') continue;
    at.to.block(`${head}if (${matchExpression(at.code, layout, at.value, '0', '{}')}) {`, () =>
      encodeBranch(at, index),
    );
    head = 'else ';
  }
  if (covering === undefined) at.to.line(`else ${at.refusal}`);
  else if (head === '') encodeBranch(at, covering.index);
  else at.to.block('else {', () => encodeBranch(at, covering.index));
}

function encodeDiscriminated(at: UnionCode, { field, cases }: Discriminant): void {
  const tag = at.to.fresh('tag');
  at.to.line(`const ${tag} = ${fieldOf(at.value, field)};`);
  at.to.block(`switch (${tag}) {`, () => {
    for (const { branch, type } of cases) {
      encodeCase(at, `${type.values.map((value) => `case ${literal(value)}: `).join('')}{`, branch);
    }
    const expected = cases
      .flatMap(({ type }) => type.values.map((value) => JSON.stringify(value)))
      .join(' | ');
    const where = pathExpression([...at.path, fieldPart(field)]);
    at.to.line(`default: mismatch(${where}, ${quote(expected)}, ${tag});`);
  });
}
