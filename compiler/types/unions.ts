import ts from 'typescript';
import type { Shape } from '../../sdk/codec/shape.js';
import { inside, type Place, type TypeScope } from './type-scope.js';
import { unite } from './unite.js';

export function unionShape(scope: TypeScope, types: readonly ts.Type[], place: Place): Shape {
  return unite(types.map((type) => scope.read(type, branchPlace(scope, type, place))));
}

/** Branches written in place are named by what tells them apart: `Shape_circle` for `{ kind: 'circle' }`. */
function branchPlace(scope: TypeScope, type: ts.Type, place: Place): Place {
  const branch = inside(scope, place, '');
  if ((type.flags & ts.TypeFlags.Object) === 0) return branch;
  for (const property of scope.checker.getPropertiesOfType(type)) {
    const value = scope.checker.getTypeOfSymbol(property);
    if (value.isStringLiteral()) return { ...branch, name: `${place.name}_${value.value}` };
  }
  return branch;
}

/**
 * The shape of what may be left out, when it is there: without `undefined`. Undefined when nothing remains, such as in
 * `x?: never`.
 *
 * @param declaration of the field or parameter
 */
export function presentShape(
  scope: TypeScope,
  type: ts.Type,
  place: Place,
  declaration: ts.Declaration | undefined,
): Shape | undefined {
  const absent = ts.TypeFlags.Undefined | ts.TypeFlags.Void | ts.TypeFlags.Never;
  if ((type.flags & absent) !== 0) return undefined;
  if (!type.isUnion()) return scope.read(type, place);
  const present = type.types.filter(({ flags }) => (flags & absent) === 0);
  const whole = present.length === type.types.length ? type : declaredUnion(scope, present, declaration);
  return whole === undefined ? unionShape(scope, present, place) : scope.read(whole, place);
}

/** The very type that was declared, where it consists of just these: a recursive one is recognised by it. */
function declaredUnion(
  scope: TypeScope,
  present: readonly ts.Type[],
  declaration: ts.Declaration | undefined,
): ts.Type | undefined {
  const node =
    declaration !== undefined &&
    (ts.isPropertySignature(declaration) ||
      ts.isPropertyDeclaration(declaration) ||
      ts.isParameter(declaration))
      ? declaration.type
      : undefined;
  const declared = node === undefined ? undefined : scope.checker.getTypeFromTypeNode(node);
  if (declared === undefined || !declared.isUnion() || declared.types.length !== present.length)
    return undefined;
  return present.every((type) => declared.types.includes(type)) ? declared : undefined;
}
