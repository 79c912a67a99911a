import ts from 'typescript';

/** esbuild's helper: `__name(f, "f")` defines the property `name` of a function and returns the function. */
const HELPER = '__name';

interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * The bundle's text without those calls of esbuild's `keepNames` helper that give a function the name that it has anyway:
 * a function made inside of another pays for its call each time, several times what the function itself costs. As many
 * spaces take the place of what is left out, so that the source map still holds.
 */
export function withoutRedundantNames(bundle: string): string {
  const file = ts.createSourceFile('bundle.js', bundle, ts.ScriptTarget.Latest, false, ts.ScriptKind.JS);
  const redundant: Span[] = [];
  let helpers = 0;
  const visit = (node: ts.Node): void => {
    if (isDeclarationOfHelper(node)) helpers++;
    if (ts.isSourceFile(node) || ts.isBlock(node)) redundant.push(...namedStatements(file, node.statements));
    const named = namingOf(node);
    if (named !== undefined) redundant.push(...around(file, named));
    ts.forEachChild(node, visit);
  };
  visit(file);
  // Something else of that name is in scope somewhere: which one is called, nobody has looked.
  return helpers === 1 ? blanked(bundle, redundant) : bundle;
}

interface Naming {
  readonly call: ts.CallExpression;
  readonly target: ts.Expression;
  readonly name: string;
}

/** `__name(target, "name")` */
function namingCall(node: ts.Expression | undefined): Naming | undefined {
  if (node === undefined || !ts.isCallExpression(node) || node.arguments.length !== 2) return undefined;
  const [target, name] = node.arguments;
  if (!ts.isIdentifier(node.expression) || node.expression.text !== HELPER) return undefined;
  return target !== undefined && name !== undefined && ts.isStringLiteral(name)
    ? { call: node, target, name: name.text }
    : undefined;
}

/** A call around a function that the language would name the same, after what it is the value of. */
function namingOf(node: ts.Node): Naming | undefined {
  const [place, value] = placeAndValue(node);
  const naming = namingCall(value);
  if (naming === undefined || place !== naming.name) return undefined;
  const { target, name } = naming;
  if (ts.isArrowFunction(target)) return naming;
  const itsOwn = ts.isFunctionExpression(target) ? (target.name?.text ?? name) : undefined;
  return itsOwn === name ? naming : undefined;
}

function placeAndValue(node: ts.Node): readonly [place?: string, value?: ts.Expression | undefined] {
  if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name)) return [node.name.text, node.initializer];
  if (ts.isPropertyDeclaration(node) && (ts.isIdentifier(node.name) || ts.isPrivateIdentifier(node.name)))
    return [node.name.text, node.initializer];
  if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name)) return [node.name.text, node.initializer];
  return [];
}

/** `__name(f, "f");` beside `function f() {}`. */
function namedStatements(file: ts.SourceFile, statements: readonly ts.Statement[]): readonly Span[] {
  return statements.flatMap((statement) => {
    const naming = ts.isExpressionStatement(statement) ? namingCall(statement.expression) : undefined;
    if (naming === undefined || !ts.isIdentifier(naming.target) || naming.target.text !== naming.name)
      return [];
    const declared = statements.some(
      (each) => ts.isFunctionDeclaration(each) && each.name?.text === naming.name,
    );
    return declared ? [{ from: statement.getStart(file), to: statement.end }] : [];
  });
}

function around(file: ts.SourceFile, { call, target }: Naming): readonly Span[] {
  return [
    { from: call.getStart(file), to: target.getStart(file) },
    { from: target.end, to: call.end },
  ];
}

function isDeclarationOfHelper(node: ts.Node): boolean {
  return (
    (ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isBindingElement(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isFunctionExpression(node) ||
      ts.isClassLike(node) ||
      ts.isImportClause(node) ||
      ts.isImportSpecifier(node) ||
      ts.isNamespaceImport(node)) &&
    node.name !== undefined &&
    ts.isIdentifier(node.name) &&
    node.name.text === HELPER
  );
}

function blanked(text: string, spans: readonly Span[]): string {
  const parts: string[] = [];
  let position = 0;
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    parts.push(text.slice(position, from), text.slice(from, to).replace(/[^\n]/g, ' '));
    position = to;
  }
  return parts.join('') + text.slice(position);
}
