import ts from 'typescript';
import { MAIN } from '../sdk/protocol/app-description.js';
import { classOf, readOptions } from './component-options.js';
import type { Diagnostic } from './diagnostic.js';
import { hooksNeverCalled } from './ownership-hooks.js';
import type { SdkCall } from './sdk-calls.js';
import type { SourcePlaces } from './source-place.js';
import { declaredName } from './symbol-name.js';

/** A component as its `component()` call declares it. */
export interface DeclaredComponent {
  readonly name: string;
  /** The token's class. */
  readonly symbol: ts.Symbol;
  /** Classes that may implement the token. */
  readonly implementations: readonly ts.Symbol[];
  readonly routed: ReadonlySet<string>;
  /** Its keys have one owner at a time. */
  readonly exclusive: boolean;
  readonly call: ts.CallExpression;
}

export interface Discovery {
  /** Sorted by name; two have the same one only where the diagnostics say so. */
  readonly components: readonly DeclaredComponent[];
  readonly diagnostics: readonly Diagnostic[];
}

const LEGAL_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** The app's components, from the `component()` calls of its modules. */
export function discoverComponents(
  checker: ts.TypeChecker,
  places: SourcePlaces,
  calls: readonly SdkCall[],
): Discovery {
  const diagnostics: Diagnostic[] = [];
  const byName = new Map<string, DeclaredComponent>();
  const byClass = new Map<ts.Symbol, DeclaredComponent>();
  for (const { kind, node } of calls) {
    if (kind !== 'component') continue;
    const declared = readCall(checker, places, node, diagnostics);
    if (declared === undefined) continue;
    const twin = byClass.get(declared.symbol);
    const namesake = byName.get(declared.name);
    if (twin !== undefined) {
      diagnostics.push(calledTwice(places, declared, twin));
      continue;
    }
    if (namesake === undefined) byName.set(declared.name, declared);
    else diagnostics.push(...sameName(places, declared, namesake));
    // A namesake is a component all the same: what refers to it is no further mistake.
    byClass.set(declared.symbol, declared);
  }
  return { components: [...byClass.values()].sort((a, b) => (a.name < b.name ? -1 : 1)), diagnostics };
}

function readCall(
  checker: ts.TypeChecker,
  places: SourcePlaces,
  call: ts.CallExpression,
  diagnostics: Diagnostic[],
): DeclaredComponent | undefined {
  const [token, given] = call.arguments;
  if (token === undefined) return undefined; // TypeScript reports it
  const obstacle = notAtTopLevel(call);
  if (obstacle !== undefined)
    diagnostics.push(
      places.diagnostic(call, {
        code: 'COMPONENT_NOT_AT_TOP_LEVEL',
        message: `component() is called ${obstacle}: every process of the app must register the same components`,
        mend: 'call it at the top level of the module, right below the class',
      }),
    );
  const symbol = classOf(checker, token);
  if (symbol === undefined) {
    diagnostics.push(
      places.diagnostic(token, {
        code: 'COMPONENT_NOT_A_CLASS',
        message: `component() is given ${token.getText()}, which is not a class that the build can tell`,
        mend: 'give it the class itself: component(Cart)',
      }),
    );
    return undefined;
  }
  const options = readOptions(checker, given);
  const name = nameOf(options.name, symbol, token, places, diagnostics);
  if (name === undefined) return undefined;
  const { implementations, routed } = options;
  const exclusive = isExclusive(options.exclusive, places, diagnostics);
  const declared: DeclaredComponent = { name, symbol, implementations, routed, exclusive, call };
  if (options.exclusive.kind === 'literal' && !exclusive)
    diagnostics.push(...hooksNeverCalled(checker, places, declared));
  return declared;
}

function isExclusive(
  option: ReturnType<typeof readOptions>['exclusive'],
  places: SourcePlaces,
  diagnostics: Diagnostic[],
): boolean {
  if (option.kind === 'literal') return option.value;
  const [message, mend] =
    option.kind === 'method'
      ? [
          'a method named exclusive cannot be routed: in `routing` the word says that each key has one owner',
          'rename the method',
        ]
      : [
          'whether keys have one owner at a time is computed: it must be known before the app runs',
          'write it as a literal: routing: { exclusive: true }',
        ];
  diagnostics.push(places.diagnostic(option.node, { code: 'COMPONENT_OPTIONS', message, mend }));
  return false;
}

function nameOf(
  option: ReturnType<typeof readOptions>['name'],
  symbol: ts.Symbol,
  token: ts.Node,
  places: SourcePlaces,
  diagnostics: Diagnostic[],
): string | undefined {
  const complain = (node: ts.Node, message: string, mend: string): undefined => {
    diagnostics.push(places.diagnostic(node, { code: 'COMPONENT_NAME', message, mend }));
    return undefined;
  };
  if (option.kind === 'computed')
    return complain(
      option.node,
      'the name of a component is computed',
      "write it as a literal: name: 'Cart'",
    );
  const name = option.kind === 'literal' ? option.name : declaredName(symbol);
  const node = option.kind === 'literal' ? option.node : token;
  if (name === undefined)
    return complain(
      node,
      'the class has no name',
      "name the class, or the component: component(X, { name: 'Cart' })",
    );
  if (name === MAIN)
    return complain(
      node,
      `a component cannot be named ${MAIN}: that is what run() is given`,
      'choose another name',
    );
  if (!LEGAL_NAME.test(name))
    return complain(
      node,
      `${JSON.stringify(name)} cannot name a component`,
      'use letters, digits and _, beginning with a letter or _, 64 at most',
    );
  return name;
}

/** Where the call stands when that is not the top level of a module, in words. */
function notAtTopLevel(call: ts.CallExpression): string | undefined {
  let node: ts.Node = call.parent;
  let block: string | undefined;
  while (!ts.isSourceFile(node)) {
    if (ts.isFunctionLike(node)) return 'inside a function';
    if (ts.isClassLike(node)) return 'inside a class';
    if (isConditional(node)) return 'only under a condition';
    if (ts.isIterationStatement(node, false)) return 'inside a loop';
    if (ts.isBlock(node) || ts.isModuleBlock(node)) block = 'inside a block';
    node = node.parent;
  }
  return block;
}

function isConditional(node: ts.Node): boolean {
  if (ts.isIfStatement(node) || ts.isConditionalExpression(node) || ts.isCaseOrDefaultClause(node))
    return true;
  if (!ts.isBinaryExpression(node)) return false;
  const { kind } = node.operatorToken;
  return (
    kind === ts.SyntaxKind.AmpersandAmpersandToken ||
    kind === ts.SyntaxKind.BarBarToken ||
    kind === ts.SyntaxKind.QuestionQuestionToken
  );
}

function calledTwice(places: SourcePlaces, second: DeclaredComponent, first: DeclaredComponent): Diagnostic {
  return places.diagnostic(second.call, {
    code: 'COMPONENT_TWICE',
    message: `the class of the component ${first.name} is registered already at ${places.fileAndLine(first.call)}`,
    mend: 'remove one of the calls',
  });
}

function sameName(
  places: SourcePlaces,
  second: DeclaredComponent,
  first: DeclaredComponent,
): readonly Diagnostic[] {
  const report = (at: DeclaredComponent, other: DeclaredComponent): Diagnostic =>
    places.diagnostic(at.call, {
      code: 'COMPONENT_NAME_TAKEN',
      message: `two components are named ${at.name}; the other is at ${places.fileAndLine(other.call)}`,
      mend: "give one of them another name: component(X, { name: '…' })",
    });
  return [report(first, second), report(second, first)];
}
