import ts from 'typescript';
import type { ComponentShape, MethodShape, ParameterShape, Shape } from '../sdk/codec/shape.js';
import type { DiagnosticCode } from './diagnostic.js';
import type { DeclaredComponent } from './discover-components.js';
import { type MethodResult, resultOf } from './method-result.js';
import { OWNERSHIP_HOOKS } from './ownership-hooks.js';
import { nameNode } from './source-place.js';
import { cannotTravel, OBSTACLES } from './types/cannot-travel.js';
import { inside, type Place, type TypeScope } from './types/type-scope.js';
import { presentShape } from './types/unions.js';
import { unite } from './types/unite.js';

/** Not part of an interface: the runtime calls them. */
const LIFECYCLE = new Set(['start', 'stop', ...OWNERSHIP_HOOKS]);

/** Names that a client has itself, or that would make it something else. */
const TAKEN: ReadonlyMap<string, string> = new Map([
  ['with', 'client.with({ … }) sets the options of calls'],
  ['then', 'a client with a method then would be taken for a Promise'],
]);

/** A method of a component, while it is read. */
interface Method {
  readonly component: DeclaredComponent;
  readonly property: ts.Symbol;
  readonly signature: ts.Signature;
  readonly result: MethodResult;
  readonly overloads: number;
  /** The innermost declaration that is the app's own. */
  readonly node: ts.Node;
}

/** The public methods of the component's class, its own and inherited, with the shapes of all that travels. */
export function interfaceOfClass(scope: TypeScope, component: DeclaredComponent): ComponentShape {
  const type = scope.checker.getDeclaredTypeOfSymbol(component.symbol);
  const methods = scope.checker
    .getPropertiesOfType(type)
    .filter((property) => isPublic(property) && !LIFECYCLE.has(property.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((property) => methodOf(scope, component, property))
    .filter((method) => method !== undefined)
    .map((method) => methodShape(scope, method))
    .filter((shape) => shape !== undefined);
  return { name: component.name, methods };
}

function isPublic(property: ts.Symbol): boolean {
  if (property.name.startsWith('__@') || property.name.startsWith('#')) return false;
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  return (property.declarations ?? []).every(
    (declaration) => (ts.getCombinedModifierFlags(declaration) & hidden) === 0,
  );
}

/** Undefined for what is no method of the interface: fields, and what a library's class brings along. */
function methodOf(scope: TypeScope, component: DeclaredComponent, property: ts.Symbol): Method | undefined {
  const declaration = property.valueDeclaration ?? property.declarations?.[0];
  const signatures = scope.checker.getTypeOfSymbol(property).getCallSignatures();
  const [signature] = signatures;
  if (declaration === undefined || signature === undefined) return undefined;
  const result = resultOf(scope, signature);
  const isOwn = scope.places.isOwn(declaration);
  const isMethod = (property.flags & ts.SymbolFlags.Method) !== 0;
  if (result.kind === 'neither' && (!isMethod || !isOwn)) return undefined;
  if (result.kind === 'unresolved') return undefined;
  const node = isOwn ? declaration : component.call;
  return { component, property, signature, result, overloads: signatures.length, node };
}

/** Undefined when something is wrong with the method itself, which is reported. */
function methodShape(scope: TypeScope, method: Method): MethodShape | undefined {
  const { component, property, signature, result, node } = method;
  const { name } = property;
  const obstacle = methodObstacle(scope, method);
  const path = `${component.name}.${name}`;
  if (obstacle !== undefined || result.kind === 'neither' || result.kind === 'unresolved') {
    const at = ts.isCallExpression(node) ? node : nameNode(node as ts.Declaration);
    if (obstacle !== undefined)
      scope.obstacles.push(scope.places.diagnostic(at, { ...obstacle, path: `${path}()` }));
    return undefined;
  }
  const place: Place = { path, name: path, node, depth: 0 };
  const parameters = signature.parameters.map((parameter, index) =>
    parameterShape(scope, place, parameter, index),
  );
  const streaming = result.kind === 'stream';
  const returned = inside(scope, place, streaming ? '()[item]' : '()');
  return { name, parameters, result: scope.read(result.type, returned), streaming };
}

function methodObstacle(
  scope: TypeScope,
  { property: { name }, signature, result, overloads }: Method,
): { readonly code: DiagnosticCode; readonly message: string; readonly mend: string } | undefined {
  const taken = TAKEN.get(name);
  if (taken !== undefined)
    return {
      code: 'METHOD_NAME_TAKEN',
      message: `a method cannot be named ${name}: ${taken}`,
      mend: 'rename it, or make it private',
    };
  if (overloads > 1)
    return {
      code: 'METHOD_OVERLOADED',
      message: `${name} has overloads`,
      mend: 'give each of them a name of its own, or declare one signature with a union',
    };
  if ((signature.typeParameters ?? []).length > 0)
    return {
      code: 'METHOD_GENERIC',
      message: `${name} has type parameters`,
      mend: 'use concrete types: both sides must know what is sent',
    };
  if (result.kind !== 'neither') return undefined;
  const returned = scope.checker.typeToString(scope.checker.getReturnTypeOfSignature(signature));
  return {
    code: 'METHOD_NOT_ASYNC',
    message: `${name} returns ${returned}: a call of another process cannot return at once`,
    mend: 'make it async, or make it private if other components do not call it',
  };
}

function parameterShape(
  scope: TypeScope,
  method: Place,
  parameter: ts.Symbol,
  index: number,
): ParameterShape {
  const { checker } = scope;
  const declaration = parameter.valueDeclaration;
  const isDeclared = declaration !== undefined && ts.isParameter(declaration);
  const isPattern = isDeclared && !ts.isIdentifier(declaration.name);
  const name = isPattern ? patternName(declaration, index) : parameter.name;
  const rest = isDeclared && declaration.dotDotDotToken !== undefined;
  const place = inside(scope, method, `(${rest ? '...' : ''}${name})`, declaration);
  const type = checker.getTypeOfSymbol(parameter);
  if (rest) return { name, shape: restShape(scope, type, place), optional: false, rest: true };
  const optional = isDeclared && checker.isOptionalParameter(declaration);
  const shape = optional ? presentShape(scope, type, place, declaration) : scope.read(type, place);
  // A default before a required parameter: the caller has to pass undefined for it.
  const isDefaulted = isDeclared && declaration.initializer !== undefined && !optional;
  const undefinedShape: Shape = { kind: 'undefined' };
  const whole = isDefaulted && shape !== undefined ? unite([shape, undefinedShape]) : shape;
  return { name, shape: whole ?? undefinedShape, optional, rest: false };
}

/** A name for `{ id }: Item`, different from those of the other parameters. */
function patternName(pattern: ts.ParameterDeclaration, index: number): string {
  const others = new Set(pattern.parent.parameters.map(({ name }) => name.getText()));
  let name = `arg${index}`;
  while (others.has(name)) name += '_';
  return name;
}

function restShape(scope: TypeScope, type: ts.Type, place: Place): Shape {
  const { checker } = scope;
  const item = checker.isArrayType(type) ? checker.getTypeArguments(type as ts.TypeReference)[0] : undefined;
  return item === undefined ? cannotTravel(scope, place, OBSTACLES.restTuple) : scope.read(item, place);
}
