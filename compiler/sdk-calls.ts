import ts from 'typescript';
import type { AppProgram } from './program.js';
import { unaliased } from './symbol-name.js';

/** A call of weaverd that says something about the app. */
export type SdkCall =
  | { readonly kind: 'component'; readonly node: ts.CallExpression }
  | { readonly kind: 'run'; readonly node: ts.CallExpression }
  /** `ctx.get(X)` */
  | { readonly kind: 'get'; readonly node: ts.CallExpression }
  /** `ctx.listener('x')` */
  | { readonly kind: 'listener'; readonly node: ts.CallExpression }
  /** `ctx.state<T>('x')` */
  | { readonly kind: 'state'; readonly node: ts.CallExpression };

/** All of a file's calls of weaverd, under whatever name they were imported, in the order of the text. */
export function sdkCalls(app: AppProgram, file: ts.SourceFile): readonly SdkCall[] {
  const calls: SdkCall[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const kind = kindOf(app, node);
      if (kind !== undefined) calls.push({ kind, node });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return calls;
}

function kindOf({ checker, sdk }: AppProgram, node: ts.CallExpression): SdkCall['kind'] | undefined {
  const called = calledSymbol(checker, node);
  if (called === undefined) return undefined;
  const context = sdk.get('Context');
  if (isSame(called, sdk.get('component'))) return 'component';
  if (isSame(called, sdk.get('run'))) return 'run';
  if (isSame(called, memberOf(context, 'get'))) return 'get';
  if (isSame(called, memberOf(context, 'state'))) return 'state';
  return isSame(called, memberOf(context, 'listener')) ? 'listener' : undefined;
}

function memberOf(symbol: ts.Symbol | undefined, name: string): ts.Symbol | undefined {
  return symbol?.members?.get(ts.escapeLeadingUnderscores(name));
}

/** `Pick<Context, 'get'>` and its like have symbols of their own for the same declaration. */
function isSame(a: ts.Symbol, b: ts.Symbol | undefined): boolean {
  const declaration = b?.declarations?.[0];
  return declaration !== undefined && a.declarations?.[0] === declaration;
}

/** By the declaration that the call resolves to: neither aliases nor variables hide it. */
function calledSymbol(checker: ts.TypeChecker, node: ts.CallExpression): ts.Symbol | undefined {
  const named = ts.isPropertyAccessExpression(node.expression) ? node.expression.name : node.expression;
  const symbol = checker.getSymbolAtLocation(named);
  const direct = symbol === undefined ? undefined : unaliased(checker, symbol);
  if (direct !== undefined && (direct.flags & ts.SymbolFlags.Variable) === 0) return direct;
  const declaration = checker.getResolvedSignature(node)?.declaration;
  const name = declaration === undefined ? undefined : ts.getNameOfDeclaration(declaration);
  return name === undefined ? undefined : checker.getSymbolAtLocation(name);
}
