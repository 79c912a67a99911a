import ts from 'typescript';
import { MAIN } from '../sdk/protocol/app-description.js';
import { classOf } from './component-options.js';
import type { Diagnostic } from './diagnostic.js';
import type { DeclaredComponent } from './discover-components.js';
import type { AppProgram } from './program.js';
import type { SdkCall } from './sdk-calls.js';
import type { SourcePlaces } from './source-place.js';
import { declaredName, unaliased } from './symbol-name.js';

export interface ReferenceGraph {
  /** Components obtained with `get`, sorted, by the component that obtains them; those of `run` under `main`. */
  readonly references: ReadonlyMap<string, readonly string[]>;
  /** Sorted by name, then component. */
  readonly listeners: readonly { readonly name: string; readonly component: string }[];
  /** The components, or `main`, whose each call of `ctx.state` is. */
  readonly stateOwners: ReadonlyMap<ts.CallExpression, readonly string[]>;
}

interface Reports {
  readonly diagnostics: Diagnostic[];
  readonly warnings: Diagnostic[];
}

interface Inputs {
  readonly app: AppProgram;
  readonly places: SourcePlaces;
  readonly components: readonly DeclaredComponent[];
  /** The app's modules that are part of the bundle. */
  readonly files: readonly ts.SourceFile[];
  readonly calls: readonly SdkCall[];
}

/**
 * Who refers to whom. A call of `ctx.get` or `ctx.listener` belongs to
 * 1. the component whose class, implementation, base class or `component()` call it stands in; or `main`, inside the call of
 *    `run`;
 * 2. otherwise (a helper function or class) all components declared in its file, and `main` if `run` is called there;
 * 3. otherwise the same of the files that import that file, and so on. Never too few: access may rest on it.
 */
export function referenceGraph(inputs: Inputs): ReferenceGraph & Reports {
  const { app, calls, components } = inputs;
  const owners = new Owners(inputs);
  const reports: Reports = { diagnostics: [], warnings: [] };
  const references = new Map<string, Set<string>>(
    [MAIN, ...components.map(({ name }) => name)].map((name) => [name, new Set()]),
  );
  const listeners = new Map<string, { readonly name: string; readonly component: string }>();
  const stateOwners = new Map<ts.CallExpression, readonly string[]>();
  for (const call of calls) {
    if (call.kind === 'state') stateOwners.set(call.node, owners.of(call.node));
    const [argument] = call.node.arguments;
    if (argument === undefined) continue;
    if (call.kind === 'get') {
      const target = targetOf(inputs, argument, reports);
      if (target !== undefined) for (const owner of owners.of(call.node)) references.get(owner)?.add(target);
    } else if (call.kind === 'listener') {
      const type = app.checker.getTypeAtLocation(argument);
      if (type.isStringLiteral())
        for (const component of owners.of(call.node))
          listeners.set(`${type.value} ${component}`, { name: type.value, component });
    }
  }
  return {
    references: new Map([...references].map(([name, targets]) => [name, [...targets].sort()])),
    listeners: [...listeners].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, listener]) => listener),
    stateOwners,
    ...reports,
  };
}

function targetOf(
  { app, places, components }: Inputs,
  argument: ts.Expression,
  reports: Reports,
): string | undefined {
  const symbol = classOf(app.checker, argument);
  if (symbol === undefined) {
    reports.warnings.push(
      places.diagnostic(argument, {
        code: 'REFERENCE_NOT_STATIC',
        message: `which component ${argument.getText()} is, is known at run time only: the reference graph lacks it`,
        mend: 'give get() the class itself, and pass the client on',
      }),
    );
    return undefined;
  }
  const target = components.find((component) => component.symbol === symbol);
  if (target !== undefined) return target.name;
  const token = components.find(({ implementations }) => implementations.includes(symbol));
  const name = declaredName(symbol) ?? argument.getText();
  reports.diagnostics.push(
    places.diagnostic(argument, {
      code: 'NOT_A_COMPONENT',
      message: `${name} is not a component`,
      mend:
        token === undefined
          ? `add component(${name}) below the class, and see that its module is imported from the entry`
          : `it implements the component ${token.name}: get that instead`,
    }),
  );
  return undefined;
}

class Owners {
  readonly #byClass = new Map<ts.Symbol, string[]>();
  readonly #byCall = new Map<ts.Node, string>();
  readonly #byFile = new Map<ts.SourceFile, Set<string>>();
  readonly #importers: ReadonlyMap<ts.SourceFile, readonly ts.SourceFile[]>;
  readonly #checker: ts.TypeChecker;

  constructor({ app, components, calls, files }: Inputs) {
    this.#checker = app.checker;
    for (const { name, symbol, implementations, call } of components) {
      for (const each of [symbol, ...implementations]) this.#addClass(each, name);
      this.#byCall.set(call, name);
      this.#addFile(call.getSourceFile(), name);
    }
    for (const { kind, node } of calls) {
      if (kind !== 'run') continue;
      this.#byCall.set(node, MAIN);
      this.#addFile(node.getSourceFile(), MAIN);
    }
    this.#importers = importersOf(app, files);
  }

  of(node: ts.Node): readonly string[] {
    let at: ts.Node = node;
    while (!ts.isSourceFile(at)) {
      const symbol = ts.isClassLike(at) ? this.#checker.getTypeAtLocation(at).getSymbol() : undefined;
      const owners = symbol === undefined ? undefined : this.#byClass.get(symbol);
      const owner = this.#byCall.get(at);
      if (owners !== undefined) return owners;
      if (owner !== undefined) return [owner];
      at = at.parent;
    }
    return this.#ofFile(at);
  }

  /** Breadth first towards the importers, no further than files that declare components or run the program. */
  #ofFile(file: ts.SourceFile): readonly string[] {
    const found = new Set<string>();
    const seen = new Set([file]);
    for (const each of seen) {
      const here = this.#byFile.get(each);
      if (here !== undefined) for (const name of here) found.add(name);
      else for (const importer of this.#importers.get(each) ?? []) seen.add(importer);
    }
    return [...found];
  }

  #addClass(symbol: ts.Symbol, name: string): void {
    this.#byClass.set(symbol, [...(this.#byClass.get(symbol) ?? []), name]);
    const declaration = symbol.valueDeclaration;
    if (declaration !== undefined) this.#addFile(declaration.getSourceFile(), name);
    const type = this.#checker.getDeclaredTypeOfSymbol(symbol);
    if (!type.isClassOrInterface()) return;
    for (const base of this.#checker.getBaseTypes(type)) {
      const baseSymbol = base.getSymbol();
      if (baseSymbol !== undefined && !(this.#byClass.get(baseSymbol) ?? []).includes(name))
        this.#addClass(baseSymbol, name);
    }
  }

  #addFile(file: ts.SourceFile, name: string): void {
    const names = this.#byFile.get(file) ?? new Set();
    this.#byFile.set(file, names.add(name));
  }
}

function importersOf(
  { checker }: AppProgram,
  files: readonly ts.SourceFile[],
): ReadonlyMap<ts.SourceFile, readonly ts.SourceFile[]> {
  const importers = new Map<ts.SourceFile, ts.SourceFile[]>();
  for (const file of files) {
    for (const specifier of specifiersOf(file)) {
      const symbol = checker.getSymbolAtLocation(specifier);
      const imported = symbol === undefined ? undefined : unaliased(checker, symbol).valueDeclaration;
      if (imported === undefined || !ts.isSourceFile(imported)) continue;
      importers.set(imported, [...(importers.get(imported) ?? []), file]);
    }
  }
  return importers;
}

/** Module names of imports, re-exports and dynamic imports. */
function specifiersOf(file: ts.SourceFile): readonly ts.Expression[] {
  const specifiers: ts.Expression[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined)
      specifiers.push(node.moduleSpecifier);
    const [first] = ts.isCallExpression(node) ? node.arguments : [];
    if (
      ts.isCallExpression(node) &&
      node.expression.kind === ts.SyntaxKind.ImportKeyword &&
      first !== undefined
    )
      specifiers.push(first);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return specifiers;
}
