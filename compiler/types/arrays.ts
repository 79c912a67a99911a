import ts from 'typescript';
import type { Shape } from '../../sdk/codec/shape.js';
import { cannotTravel, OBSTACLES } from './cannot-travel.js';
import { inside, type Place, type TypeScope } from './type-scope.js';
import { unite } from './unite.js';

/** `T[]` and `readonly T[]`. */
export function arrayShape(scope: TypeScope, type: ts.TypeReference, place: Place): Shape {
  return { kind: 'array', items: scope.read(onlyArgument(scope, type), inside(scope, place, '[]')) };
}

/** `[A, B?, ...C[]]`. */
export function tupleShape(scope: TypeScope, type: ts.TupleTypeReference, place: Place): Shape {
  const { elementFlags } = type.target;
  const args = scope.checker.getTypeArguments(type);
  const items: Shape[] = [];
  for (const [index, arg] of args.entries()) {
    const flags = elementFlags[index] ?? ts.ElementFlags.Required;
    if ((flags & ts.ElementFlags.Variable) !== 0) {
      if (index < args.length - 1) return cannotTravel(scope, place, OBSTACLES.restInside);
      return { kind: 'tuple', items, rest: scope.read(arg, inside(scope, place, '[...]')) };
    }
    const shape = scope.read(arg, inside(scope, place, `[${index}]`));
    items.push((flags & ts.ElementFlags.Optional) === 0 ? shape : unite([shape, { kind: 'undefined' }]));
  }
  return { kind: 'tuple', items };
}

function onlyArgument(scope: TypeScope, type: ts.TypeReference): ts.Type {
  return scope.checker.getTypeArguments(type)[0] ?? scope.checker.getAnyType();
}
