import ts from 'typescript';
import type { Shape } from '../../sdk/codec/shape.js';
import { declaredName } from '../symbol-name.js';
import { bindableClass } from './bindable-class.js';
import { cannotTravel } from './cannot-travel.js';
import { errorValueShape, isErrorType } from './error-classes.js';
import { fieldsOf } from './objects.js';
import type { Place, TypeScope } from './type-scope.js';

/** An instance of a class: of an error class, or of one that is plain data; any other has behaviour and stays at home. */
export function classShape(scope: TypeScope, type: ts.Type, symbol: ts.Symbol, place: Place): Shape {
  const name = declaredName(symbol) ?? 'without a name';
  if (isErrorType(scope, type)) return errorValueShape(scope, symbol, place);
  const obstacle = behaviourOf(scope, symbol);
  if (obstacle !== undefined)
    return cannotTravel(scope, place, {
      what: `an instance of the class ${name}, which ${obstacle},`,
      mend: `pass an interface with the data of it, or make ${name} a class of public fields only`,
    });
  const classId = bindableClass(scope, symbol, place);
  if (classId === undefined) return { kind: 'null' };
  const definition = scope.names.claim(type, place.name);
  scope.named.set(type, definition);
  const fields = fieldsOf(scope, scope.checker.getPropertiesOfType(type), { ...place, name: definition });
  scope.definitions.set(definition, { kind: 'object', fields, classId });
  return { kind: 'reference', name: definition };
}

/** Why the class is not plain data, in words that follow `which`; undefined when it is. */
function behaviourOf(scope: TypeScope, symbol: ts.Symbol): string | undefined {
  const declaration = symbol.valueDeclaration;
  if (declaration === undefined || !ts.isClassLike(declaration)) return 'is not declared as a class';
  if (!scope.places.isOwn(declaration)) return 'belongs to a library';
  const modifiers = ts.getCombinedModifierFlags(declaration);
  if (modifiers & ts.ModifierFlags.Ambient) return 'is declared only';
  if (modifiers & ts.ModifierFlags.Abstract) return 'is abstract';
  for (const member of declaration.members) {
    const obstacle = memberBehaviour(member);
    if (obstacle !== undefined) return obstacle;
  }
  return baseBehaviour(scope, declaration);
}

function baseBehaviour(scope: TypeScope, declaration: ts.ClassLikeDeclaration): string | undefined {
  const heritage = declaration.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)
    ?.types[0];
  if (heritage === undefined) return undefined;
  const base = scope.checker.getTypeAtLocation(heritage).getSymbol();
  const baseDeclaration = base?.valueDeclaration;
  if (base === undefined || baseDeclaration === undefined || !ts.isClassLike(baseDeclaration))
    return `extends ${heritage.expression.getText()}, which is not a class of the app`;
  if (ts.getCombinedModifierFlags(baseDeclaration) & ts.ModifierFlags.Abstract)
    return `extends the abstract class ${declaredName(base) ?? ''}`;
  const obstacle = behaviourOf(scope, base);
  return obstacle === undefined ? undefined : `extends ${declaredName(base) ?? 'a class'}, which ${obstacle}`;
}

function memberBehaviour(member: ts.ClassElement): string | undefined {
  const modifiers = ts.getCombinedModifierFlags(member);
  if (modifiers & ts.ModifierFlags.Static) return undefined;
  const name = member.name?.getText() ?? '';
  if (ts.isConstructorDeclaration(member)) return hiddenParameter(member);
  if (ts.isMethodDeclaration(member)) return `has a method (${name})`;
  if (ts.isAccessor(member)) return `has an accessor (${name})`;
  if (ts.isPropertyDeclaration(member) && (isHidden(modifiers) || ts.isPrivateIdentifier(member.name)))
    return `has a field that is not public (${name})`;
  return undefined;
}

function hiddenParameter(declaration: ts.ConstructorDeclaration): string | undefined {
  const hidden = declaration.parameters.find((parameter) => isHidden(ts.getCombinedModifierFlags(parameter)));
  return hidden === undefined ? undefined : `has a field that is not public (${hidden.name.getText()})`;
}

function isHidden(modifiers: ts.ModifierFlags): boolean {
  return (modifiers & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0;
}
