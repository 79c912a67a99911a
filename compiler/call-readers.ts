import ts from 'typescript';
import type { ModuleImport, ModuleImports } from './bundler.js';
import type { DeclaredComponent } from './discover-components.js';
import type { AppProgram } from './program.js';
import { unaliased } from './symbol-name.js';

/** What of weaverd gives an app's code the call that is being served. */
const READERS = new Set(['currentCall', 'withCall']);
const WEAVERD = /^weaverd(\/|$)/;

interface Inputs {
  readonly app: AppProgram;
  readonly components: readonly DeclaredComponent[];
  readonly imports: ModuleImports;
}

/**
 * Components whose code cannot ask for the call that it serves, sorted: the runtime need not keep it for them. That is so when
 * 1. no class of theirs takes the Context, so that they call no other component and write no log; and
 * 2. no module that theirs import, directly or not, imports `currentCall` or `withCall`.
 *
 * In doubt a component is not among them. A function of another module that is handed to one at run time is not seen here;
 * the runtime notices it (sdk/call/call-context.ts).
 */
export function componentsNotReadingCall(inputs: Inputs): readonly string[] {
  const { app, components, imports } = inputs;
  const sources = new Map(app.sources.map((file) => [file.fileName, file]));
  const weaverd = weaverdModules(imports);
  const readers = new Set(
    [...imports.keys()].filter((path) => reads(path, imports, weaverd, sources.get(path))),
  );
  return components
    .filter((component) => {
      const classes = classesOf(app, component);
      if (classes === undefined || classes.some(takesContext) || makesItself(app, component)) return false;
      const files = [component.call, ...classes].map((node) => node.getSourceFile().fileName);
      return [...reachable(files, imports, weaverd)].every((path) => imports.has(path) && !readers.has(path));
    })
    .map(({ name }) => name);
}

/** With their base classes; undefined when one of them is not the app's own. */
function classesOf(
  app: AppProgram,
  { symbol, implementations }: DeclaredComponent,
): readonly ts.ClassLikeDeclaration[] | undefined {
  const classes = new Set<ts.ClassLikeDeclaration>();
  const pending: (ts.Symbol | undefined)[] = [symbol, ...implementations];
  for (const each of pending) {
    const declaration = each?.valueDeclaration;
    if (declaration === undefined || !ts.isClassLike(declaration)) return undefined;
    if (!app.sources.includes(declaration.getSourceFile())) return undefined;
    if (classes.has(declaration)) continue;
    classes.add(declaration);
    const base = declaration.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword);
    for (const { expression } of base?.types ?? []) {
      const found = app.checker.getSymbolAtLocation(expression);
      pending.push(found === undefined ? undefined : unaliased(app.checker, found));
    }
  }
  return [...classes];
}

function takesContext(declaration: ts.ClassLikeDeclaration): boolean {
  return declaration.members.some(
    (member) =>
      ts.isConstructorDeclaration(member) &&
      (member.parameters.length > 0 || (member.body?.getText().includes('arguments') ?? false)),
  );
}

/** By the option `create`, which is given the Context. */
function makesItself({ checker }: AppProgram, { call }: DeclaredComponent): boolean {
  const [, options] = call.arguments;
  if (options === undefined) return false;
  const type = checker.getTypeAtLocation(options);
  return type.getProperty('create') !== undefined || (type.flags & ts.TypeFlags.Object) === 0;
}

/** The modules that apps import as weaverd, under whatever name. */
function weaverdModules(imports: ModuleImports): ReadonlySet<string> {
  const all = [...imports.values()].flat();
  return new Set(all.filter(({ specifier }) => WEAVERD.test(specifier)).map(({ path }) => path));
}

/** Breadth first; what weaverd itself imports is left out. */
function reachable(
  files: readonly string[],
  imports: ModuleImports,
  weaverd: ReadonlySet<string>,
): ReadonlySet<string> {
  const seen = new Set(files);
  for (const from of seen) {
    for (const { path } of imports.get(from) ?? [])
      if (!weaverd.has(path) && imports.has(path)) seen.add(path);
  }
  return seen;
}

/** Whether the module imports a reader, or weaverd in a way that does not tell. */
function reads(
  path: string,
  imports: ModuleImports,
  weaverd: ReadonlySet<string>,
  source: ts.SourceFile | undefined,
): boolean {
  const ofWeaverd = imports.get(path)?.filter((each) => weaverd.has(each.path)) ?? [];
  if (ofWeaverd.length === 0) return false;
  if (source === undefined || ofWeaverd.some((each) => !each.static)) return true;
  return source.statements.some((statement) => namesReader(statement, ofWeaverd));
}

function namesReader(statement: ts.Statement, ofWeaverd: readonly ModuleImport[]): boolean {
  if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return false;
  const { moduleSpecifier } = statement;
  if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) return false;
  if (!ofWeaverd.some(({ specifier }) => specifier === moduleSpecifier.text)) return false;
  const named = ts.isImportDeclaration(statement)
    ? statement.importClause?.namedBindings
    : statement.exportClause;
  if (named === undefined || ts.isNamespaceImport(named) || ts.isNamespaceExport(named)) return true;
  return named.elements.some(({ name, propertyName }) => READERS.has((propertyName ?? name).text));
}
