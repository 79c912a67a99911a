import ts from 'typescript';
import type { Field, Shape } from '../../sdk/codec/shape.js';
import type { Diagnostic } from '../diagnostic.js';
import { declaredName } from '../symbol-name.js';
import { bindableClass, bindableDeclaration, registerClass } from './bindable-class.js';
import { BUILT_IN_ERRORS, isOfLanguage } from './built-ins.js';
import { fieldOf } from './objects.js';
import { memberStep, type Place, type TypeScope } from './type-scope.js';

/** Travel with every error; no fields of its own. */
const BASE_FIELDS = new Set(['name', 'message', 'stack', 'cause']);

/** The type is Error or extends it, at whatever distance. */
export function isErrorType(scope: TypeScope, type: ts.Type): boolean {
  const symbol = type.getSymbol();
  if (symbol !== undefined && BUILT_IN_ERRORS.includes(symbol.name) && isOfLanguage(scope, symbol))
    return true;
  const declared = symbol === undefined ? type : scope.checker.getDeclaredTypeOfSymbol(symbol);
  return (
    declared.isClassOrInterface() &&
    scope.checker.getBaseTypes(declared).some((base) => isErrorType(scope, base))
  );
}

/** An error class of the app as the type of a value. */
export function errorValueShape(scope: TypeScope, symbol: ts.Symbol, place: Place): Shape {
  const type = scope.checker.getDeclaredTypeOfSymbol(symbol);
  const known = scope.named.get(type);
  if (known !== undefined) return { kind: 'reference', name: known };
  const classId = bindableClass(scope, symbol, place);
  return classId === undefined ? { kind: 'null' } : define(scope, type, classId);
}

/** Every error class declared in the file becomes a definition: an instance that a component throws arrives as one. */
export function readErrorClasses(scope: TypeScope, file: ts.SourceFile): void {
  const visit = (node: ts.Node): void => {
    if (ts.isClassLike(node)) readErrorClass(scope, node);
    ts.forEachChild(node, visit);
  };
  visit(file);
}

function readErrorClass(scope: TypeScope, declaration: ts.ClassLikeDeclaration): void {
  const symbol = scope.checker.getTypeAtLocation(declaration).getSymbol();
  if (symbol === undefined) return;
  const type = scope.checker.getDeclaredTypeOfSymbol(symbol);
  const isAmbient = (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Ambient) !== 0;
  if (isAmbient || scope.named.has(type) || !isErrorType(scope, type)) return;
  const bindable = bindableDeclaration(declaration);
  if (bindable !== undefined) {
    define(scope, type, registerClass(scope, bindable));
    return;
  }
  scope.warnings.push(
    scope.places.diagnostic(declaration, {
      code: 'ERROR_CLASS_LEFT_OUT',
      message: `errors of the class ${declaredName(symbol) ?? 'without a name'} arrive as plain Errors: the other side cannot find the class`,
      mend: 'declare it as a named class at the top level of its module: class X extends Error { … }',
    }),
  );
}

function define(scope: TypeScope, type: ts.Type, classId: string): Shape {
  const name = scope.names.claim(type, classId);
  scope.named.set(type, name);
  const fields = ownFields(scope, type, name);
  scope.definitions.set(name, { kind: 'error', fields, classId });
  return { kind: 'reference', name };
}

function ownFields(scope: TypeScope, type: ts.Type, name: string): readonly Field[] {
  return scope.checker.getPropertiesOfType(type).flatMap((property) => {
    const declaration = property.valueDeclaration;
    if (declaration === undefined || !isPublicField(declaration) || BASE_FIELDS.has(property.name)) return [];
    if (isOfLanguage(scope, property)) return [];
    const { field, obstacles } = attempt(scope, () =>
      fieldOf(scope, property, { path: name, name, node: declaration, depth: 0 }),
    );
    for (const obstacle of obstacles)
      scope.warnings.push(leftOut(obstacle, `${name}${memberStep(property.name)}`));
    return field === undefined || obstacles.length > 0 ? [] : [field];
  });
}

function leftOut(obstacle: Diagnostic, field: string): Diagnostic {
  return {
    ...obstacle,
    code: 'ERROR_FIELD_LEFT_OUT',
    message: `${field} is left out when the error travels: ${obstacle.message}`,
  };
}

/** Reads with obstacles kept apart; when there are any, all that was defined on the way is taken back. */
function attempt(
  scope: TypeScope,
  read: () => Field | undefined,
): { readonly field: Field | undefined; readonly obstacles: readonly Diagnostic[] } {
  const outer = scope.obstacles;
  const obstacles: Diagnostic[] = [];
  const definitions = new Set(scope.definitions.keys());
  const named = new Set(scope.named.keys());
  scope.obstacles = obstacles;
  const field = read();
  scope.obstacles = outer;
  if (obstacles.length > 0) {
    for (const key of scope.definitions.keys()) if (!definitions.has(key)) scope.definitions.delete(key);
    for (const key of scope.named.keys()) if (!named.has(key)) scope.named.delete(key);
  }
  return { field, obstacles };
}

function isPublicField(declaration: ts.Declaration): boolean {
  if (!ts.isPropertyDeclaration(declaration) && !ts.isParameter(declaration)) return false;
  if (ts.isPropertyDeclaration(declaration) && ts.isPrivateIdentifier(declaration.name)) return false;
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  return (ts.getCombinedModifierFlags(declaration) & hidden) === 0;
}
